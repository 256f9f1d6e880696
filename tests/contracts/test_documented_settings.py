"""The settings that are documented are those that there are, with their types and defaults."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from rtkq import config

REFERENCE = "docs/reference/settings.md"
_TYPES = {"boolean": bool, "integer": int, "text": str, "list of texts": tuple}


def test_every_setting_is_documented(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """With the type it has and the value that holds when it is not given."""
    documented = {
        (section, key.strip("`")): (_TYPES[kind], json.loads(default.strip("`")))
        for section, text in page(REFERENCE).sections().items()
        for key, kind, default, _ in (row for row in table(text) if len(row) == 4)
    }

    assert documented == {
        (section, key): (type(value), list(value) if isinstance(value, tuple) else value)
        for section, values in msgspec.structs.asdict(config.Settings(home="")).items()
        if section != "home"
        for key, value in msgspec.structs.asdict(values).items()
    }


def test_examples_are_valid(page: Callable[[str], Any], tmp_path: Any) -> None:
    """What is copied from the page works."""
    example, _ = page(REFERENCE).blocks("toml")
    file = tmp_path / "config.toml"
    file.write_text(example)

    settings = config.load({"RTKQ_CONFIG": str(file)})

    assert settings.watch.quiet_ms == 150
    assert settings.policy.explore == "deny"
