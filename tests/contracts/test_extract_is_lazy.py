"""Importing the extractor loads no grammar: a worker forks before its first parse."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import rtkq.extract
from rtkq.extract.languages import language_of
language_of("a.py")
rtkq.extract.extract(b"words", "text")
print(sorted(name for name in sys.modules if name.startswith("tree_sitter")))
rtkq.extract.extract(b"def a(): pass", "python")
print(sorted(name for name in sys.modules if name.startswith("tree_sitter") and "." not in name))
"""


def test_only_the_grammar_in_use_is_loaded_and_only_when_it_is() -> None:
    """No tree-sitter object exists before the first parse, and then one language's."""
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    ).stdout

    assert shown.splitlines() == ["[]", "['tree_sitter', 'tree_sitter_python']"]
