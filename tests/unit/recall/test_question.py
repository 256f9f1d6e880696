"""A task is cut into terms, names and files, whatever language it is written in."""

from __future__ import annotations

import pytest

from rtkq.recall.question import UNIT, Question


def test_first_line_counts_double() -> None:
    """The subject tells most."""
    question = Question("Retry payment\n\nSeen with orders")

    assert question.terms["payment"] > question.terms["order"] == UNIT


def test_russian_words_bring_their_english_terms() -> None:
    """The code is English; what the word means most weighs as much as the word."""
    terms = Question("Ошибка.\nОчередь заказов").terms

    assert terms["queu"] == terms["очеред"] == terms["order"] == UNIT


def test_further_meanings_weigh_less() -> None:
    """A second meaning is a guess, a third more so."""
    terms = Question("Смотри:\nзадача").terms

    assert terms["task"] > terms["job"] > 0


def test_an_english_word_keeps_its_weight_beside_a_translation() -> None:
    """What the task says itself is no guess."""
    alone = Question("cache cache cache").terms["cach"]

    assert Question("cache cache cache\nкэш").terms["cach"] == alone


def test_identifiers_pass_through_russian_text() -> None:
    """They are not translated, and a capital at the start of a sentence makes no name."""
    question = Question("Почему падает `getUser` в src/api/users.py? Проверь OrderService")

    assert {"getUser", "OrderService"} <= set(question.names)
    assert not {"Почему", "Проверь"} & set(question.names)
    assert question.files == ["src/api/users.py"]
    assert "getuser" in question.terms


@pytest.mark.parametrize(
    ("task", "wish"),
    [
        ("Почини падающие тесты", 2),
        ("Юнит-тесты корзины зависают", 2),
        ("Add a spec", 2),
        ("Не считать скидку дважды и покрыть корзину тестами", 1),
        ("Count the discount once\n\nCovered by a test.", 1),
        ("Make fixtures visible below the root", 1),
        ("Rename test_id to probe_id", 0),
        ("Исправь очередь заказов", 0),
        ("Fix the cart", 0),
    ],
)
def test_tests_are_wished_for_in_both_languages(task: str, wish: int) -> None:
    """Then tests are answers and not noise, most of all where the task begins with them."""
    assert Question(task).test_wish == wish


@pytest.mark.parametrize(
    ("task", "wish"),
    [
        ("Обнови документацию", 2),
        ("опечатка в примерах", 2),
        ("Document the flag", 2),
        ("Bump the dependencies", 2),
        ("config: resolve paths against the root", 1),
        ("Use doc_cfg instead of doc_auto_cfg", 0),
        ("Убрать старый формат отчёта из кода и из документации", 1),
        ("Исправь очередь заказов", 0),
    ],
)
def test_documents_are_wished_for_in_both_languages(task: str, wish: int) -> None:
    """Then documents are answers and not noise, most of all where the task begins with them."""
    assert Question(task).aside_wish == wish


def test_only_the_first_meaning_makes_a_wish() -> None:
    """A template may be called an example; that is a guess, and no wish for examples."""
    assert "exampl" in Question("образец").terms

    assert Question("образец").aside_wish == 0
