"""Imports become edges to files, and stay what a full build would make of them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from rtkq import store
from rtkq.build import edges
from rtkq.recall.layers import EDGE_IMPORT, EDGE_TEST, TEST_MAP
from rtkq_workers import barrier
from tests.conftest import Checkout

Rows = Callable[[str], dict[str, list[Any]]]


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


@pytest.fixture
def edges_of(
    home: str, checkout: Checkout, rows_of: Rows
) -> Callable[[dict[str, str]], set[tuple[str, str]]]:
    """Return the imports of a project of these files, as (importing path, imported path)."""

    def of(files: dict[str, str]) -> set[tuple[str, str]]:
        for path, text in files.items():
            checkout.write(path, text)
        refresh(home, checkout.root)
        rows = rows_of(checkout.root)["edge"]
        return {(source, target) for source, kind, target in rows if kind == EDGE_IMPORT}

    return of


CASES = {
    "python": (
        {
            "src/shop/__init__.py": "",
            "src/shop/cart.py": "import json\nfrom . import money\nfrom .tax import rate\n",
            "src/shop/money.py": "",
            "src/shop/tax/__init__.py": "",
            "src/shop/json.py": "",
            "src/other/money.py": "",
            "run.py": "import shop\nfrom shop.money import Euro\nimport requests\n",
        },
        {
            ("src/shop/cart.py", "src/shop/money.py"),
            ("src/shop/cart.py", "src/shop/tax/__init__.py"),
            ("run.py", "src/shop/__init__.py"),
            ("run.py", "src/shop/money.py"),
        },
    ),
    "typescript": (
        {
            "web/app.ts": 'import a from "./form"\nimport b from "@/store/user"\nimport "vue"\n',
            "web/form/index.ts": 'import { x } from "../util.js"\n',
            "web/util.ts": "export const x = 1\n",
            "web/src/store/user.ts": 'export * from "@shop/shared"\n',
            "packages/shared/src/index.ts": "export const y = 1\n",
        },
        {
            ("web/app.ts", "web/form/index.ts"),
            ("web/app.ts", "web/src/store/user.ts"),
            ("web/form/index.ts", "web/util.ts"),
            ("web/src/store/user.ts", "packages/shared/src/index.ts"),
        },
    ),
    "go": (
        {
            "main.go": 'package main\n\nimport (\n\t"fmt"\n\t"example.org/shop/cart/tax"\n)\n',
            "cart/tax/rate.go": "package tax\n",
            "cart/tax/rate_test.go": "package tax\n",
            "tax/other.go": "package tax\n",
        },
        {("main.go", "cart/tax/rate.go")},
    ),
    "rust": (
        {
            "src/main.rs": "mod cart;\nuse crate::cart::tax::Rate;\nuse std::fs;\n",
            "src/cart/mod.rs": "pub mod tax;\n",
            "src/cart/tax.rs": "use super::Cart;\n",
        },
        {
            ("src/main.rs", "src/cart/mod.rs"),
            ("src/main.rs", "src/cart/tax.rs"),
            ("src/cart/mod.rs", "src/cart/tax.rs"),
        },
    ),
    "java and kotlin": (
        {
            "src/main/java/com/shop/Cart.java": "import com.shop.tax.Rate;\nclass Cart {}\n",
            "src/main/kotlin/com/shop/tax/Rate.kt": "package com.shop.tax\n",
        },
        {("src/main/java/com/shop/Cart.java", "src/main/kotlin/com/shop/tax/Rate.kt")},
    ),
    "c": (
        {
            "src/cart.c": '#include "cart.h"\n#include "net/tcp.h"\n#include <stdio.h>\n',
            "src/cart.h": "",
            "deps/cart.h": "",
            "deps/net/tcp.h": "",
        },
        {("src/cart.c", "src/cart.h"), ("src/cart.c", "deps/net/tcp.h")},
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_imports_lead_to_files(
    files: dict[str, str],
    expected: set[tuple[str, str]],
    edges_of: Callable[[dict[str, str]], set[tuple[str, str]]],
) -> None:
    """What the language would find inside the project, and nothing that is not there."""
    assert edges_of(files) == expected


def test_test_covers_what_its_name_says_else_what_it_imports(
    home: str, checkout: Checkout, rows_of: Rows
) -> None:
    """The nearest file of that name; both are told in the test map."""
    checkout.write("src/a/cart.py", "")
    checkout.write("src/b/cart.py", "")
    checkout.write("tests/b/test_cart.py", "from src.a import cart\n")
    checkout.write("tests/integration/test_all.py", "import src.cache\n")
    refresh(home, checkout.root)

    rows = rows_of(checkout.root)
    covered = {(source, target) for source, kind, target in rows["edge"] if kind == EDGE_TEST}
    told = {path: text for layer, path, text in rows["part"] if layer == TEST_MAP}

    assert covered == {
        ("tests/test_session.py", "src/session.py"),
        ("tests/b/test_cart.py", "src/b/cart.py"),
        ("tests/integration/test_all.py", "src/cache.py"),
    }
    assert told == {
        "tests/test_session.py": "unit covers src/session.py by name",
        "tests/b/test_cart.py": "unit covers src/b/cart.py by name",
        "tests/integration/test_all.py": "integration covers src/cache.py by import",
    }


@pytest.mark.parametrize("seed", range(5))
def test_files_that_come_and_go_move_the_edges_of_others(
    seed: int, home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Whoever asked for what came or went is linked anew, without having changed."""
    chance = random.Random(seed)
    places = ("", "src/", "src/shop/", "lib/shop/", "tests/", "web/")
    stems = ("cart", "test_cart", "money", "__init__", "index", "cart_test", "mod")
    names = [f"{place}{stem}" for place in places for stem in stems]
    texts = {
        "py": "import cart\nimport shop.cart\nfrom . import money\nfrom ..shop import cart\n",
        "ts": 'import "./cart"\nimport "../shop"\nimport "@/shop/money"\n',
        "go": 'package p\n\nimport (\n\t"x.org/src/shop"\n\t"x.org/shop"\n)\n',
        "rs": "mod cart;\nuse crate::shop::money::Euro;\nuse shop::cart;\n",
        "c": '#include "cart.h"\n#include "shop/money.h"\n',
        "h": "",
    }
    refresh(home, checkout.root)

    for _ in range(6):
        for name in chance.sample(names, 9):
            suffix = chance.choice(list(texts))
            path = f"{checkout.root}/{name}.{suffix}"
            if os.path.exists(path):
                os.unlink(path)
            else:
                lines = texts[suffix].splitlines(keepends=True)
                checkout.write(f"{name}.{suffix}", "".join(chance.sample(lines, len(lines))))
        refresh(home, checkout.root)

        assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_suffix_that_many_files_share_means_none_of_them(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Beyond the limit nobody can tell; below it again the nearest one is meant."""
    for number in range(edges._MOST_CANDIDATES + 1):
        checkout.write(f"part{number}/conf/limits.h", "")
    checkout.write("src/main.c", '#include "conf/limits.h"\n')
    refresh(home, checkout.root)
    crowded = rows_of(checkout.root)["edge"]
    os.unlink(f"{checkout.root}/part0/conf/limits.h")
    refresh(home, checkout.root)

    assert ("src/main.c", EDGE_IMPORT, "part1/conf/limits.h") not in crowded
    assert ("src/main.c", EDGE_IMPORT, "part1/conf/limits.h") in rows_of(checkout.root)["edge"]
    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)
