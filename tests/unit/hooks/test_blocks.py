"""Our own blocks are recognised in an undecoded prompt, and nothing else is."""

import json

import pytest

from rtkq_hooks import blocks


def block(generation: int, *, project: str = "shop", state: str = "fresh") -> str:
    """Return a block as recall renders it."""
    return (
        f'<rtkq-context project="{project}" state="{state}" generation="{generation}" at="now">\n'
        "src/cart.py\n  :12 function total def total(cart)\n</rtkq-context>"
    )


def token(text: str) -> bytes:
    """Return *text* as a client spells it."""
    return json.dumps(text, ensure_ascii=False).encode()


def test_block_in_front_of_a_prompt_is_found_again() -> None:
    """A prompt we once rewrote and its original differ by our block alone."""
    prompt = token(block(7) + blocks.GAP + "Find the cart")

    assert blocks.without_blocks(prompt) == token("Find the cart")


def test_rest_of_the_prompt_is_not_decoded() -> None:
    """Dropping a block leaves every other byte in place, also bytes no string can hold."""
    rest = rb"\ud800 \u0000 \/ \u0041 tail"
    prompt = token(block(7) + blocks.GAP)[:-1] + rest + b'"'

    assert blocks.without_blocks(prompt) == b'"' + rest + b'"'


def test_several_blocks_are_found() -> None:
    """A prompt that was handed on twice loses both blocks."""
    prompt = token(f"intro\n{block(1)}\nmiddle\n{block(2, project='other')}")

    assert blocks.without_blocks(prompt) == token("intro\nmiddle\n")


def test_same_generation_in_another_state_is_current() -> None:
    """Project and generation decide; what is fresh now may be dirty a moment later."""
    prompt = token(block(7, state="dirty") + blocks.GAP + "x")

    assert blocks.holds_current(prompt, block(7))


@pytest.mark.parametrize("other", [block(6), block(70), block(7, project="shopping")])
def test_other_generation_or_project_is_not_current(other: str) -> None:
    """An older block or another project's says something else."""
    assert not blocks.holds_current(token(other + blocks.GAP + "x"), block(7))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Why is <rtkq-context there?", id="mentioned"),
        pytest.param("see " + block(7), id="not at the beginning of a line"),
        pytest.param(block(7) + " and more", id="text behind it"),
        pytest.param(block(7).removesuffix("</rtkq-context>"), id="not closed"),
        pytest.param(block(7).replace("\n", " "), id="on one line"),
        pytest.param("\\n" + block(7), id="behind a backslash and an n"),
        pytest.param("", id="empty"),
    ],
)
def test_text_that_only_looks_like_a_block_is_the_users(text: str) -> None:
    """What is not exactly a block of ours stays in the prompt."""
    assert blocks.without_blocks(token(text)) == token(text)
    assert not blocks.holds_current(token(text), block(7))
