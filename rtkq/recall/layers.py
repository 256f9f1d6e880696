"""The layers of a project: their names, and which of them a kind of question is given.

A layer is rows of text that lie ready: what it says of each file (table ``part``, by the layer's
number), and where it is about the whole project one text (table ``layer``, by its name).
"""

from __future__ import annotations

PROJECT_MAP = 0
MODULE_INDEX = 1
TYPE_GRAPH = 2
API_SURFACE = 3
DEP_MANIFEST = 4
TEST_MAP = 5
CHANGE_DIGEST = 6

#: Kinds of edges between files: imports another one, is a test of another one.
EDGE_IMPORT = 0
EDGE_TEST = 1

#: Name by number.
NAMES = (
    "project_map",
    "module_index",
    "type_graph",
    "api_surface",
    "dep_manifest",
    "test_map",
    "change_digest",
)

#: What each kind of question is given.
ROUTES = {
    "general": (0, 1, 2, 3, 4, 5, 6),
    "bugfix": (1, 3, 5, 6),
    "feature": (0, 1, 2, 3, 4, 5),
    "refactor": (1, 2, 3, 5),
    "incident": (3, 4, 6),
}

#: Lines a layer may have, by the detail asked for.
LINES = {"compact": 30, "normal": 120, "verbose": 600}

_FEWEST_LINES_A_FILE = 6
_FILES_A_LAYER = 10


def lines_a_file(lines: int) -> int:
    """Return how many of a layer's *lines* one file may have, so that others find room."""
    return max(_FEWEST_LINES_A_FILE, lines // _FILES_A_LAYER)
