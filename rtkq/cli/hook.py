"""``rtkq hook``: the hook, started the slow way, for debugging."""

from __future__ import annotations

import sys

import click

from rtkq import config


@click.command("hook", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="AGENT")
def command(words: tuple[str, ...]) -> None:
    """Answer one hook document of AGENT from stdin; exits 0 whatever happens.

    What agents run is the fast start of the same code. Example:

        rtkq hook claude-code < spawn.json
    """
    from rtkq.agents import bundle
    from rtkq_hooks import main

    try:
        settings = config.load()
        flat = bundle.flat(settings.home, settings)
        answer = main.run("".join(words[:1]), sys.stdin.buffer.read(), flat)
        sys.stdout.buffer.write(answer)
    except Exception as error:
        click.echo(f"rtkq hook: {error}", err=True)
