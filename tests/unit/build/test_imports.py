"""What a file can be found by, and what its imports ask for, told by names alone."""

from __future__ import annotations

import pytest

from rtkq.build.imports import module_of, specs


@pytest.mark.parametrize(
    ("path", "language", "module"),
    [
        ("src/click/core.py", "python", "py:core/click/src/"),
        ("src/click/__init__.py", "python", "py:click/src/"),
        ("web/login.d.ts", "typescript", "js:login/web/"),
        ("web/form/index.tsx", "tsx", "js:form/web/"),
        ("web/App.vue", "text", "js:App.vue/web/"),
        ("binding/json.go", "go", "go:binding/"),
        ("binding/json_test.go", "go", ""),
        ("main.go", "go", ""),
        ("src/net/mod.rs", "rust", "rs:net/src/"),
        ("src/net/tcp.rs", "rust", "rs:tcp/net/src/"),
        ("src/main/java/com/x/Foo.java", "java", "jvm:Foo/x/com/java/main/src/"),
        ("include/a/b.h", "c", "c:b.h/a/include/"),
        ("README.md", "text", ""),
    ],
)
def test_module_is_the_path_read_backwards(path: str, language: str, module: str) -> None:
    """Below the family of its language; a folder's own file stands for the folder."""
    assert module_of(path, language) == module


@pytest.mark.parametrize(
    ("path", "language", "name", "attempts"),
    [
        ("a/b/c.py", "python", "click.core", ["~py:core/click/"]),
        ("a/b/c.py", "python", "click", ["^py:click/"]),
        ("a/b/c.py", "python", "json", []),
        ("a/b/c.py", "python", ".d", ["=py:d/b/a/"]),
        ("a/b/c.py", "python", "..d.e", ["=py:e/d/a/"]),
        ("a/b/c.py", "python", "....x", []),
        ("a/b.ts", "typescript", "./c.js", ["=js:c/a/"]),
        ("a/b.ts", "typescript", "../d/index", ["=js:d/"]),
        ("a/b.ts", "typescript", "./App.vue", ["=js:App.vue/a/"]),
        ("a/b.ts", "typescript", "@/store/user", ["~js:user/store/"]),
        ("a/b.ts", "typescript", "@vue/shared", ["~js:src/shared/"]),
        ("a/b.ts", "typescript", "vue", []),
        ("a/b.ts", "typescript", "node:fs", []),
        ("a/b.go", "go", "example.org/x/pkg/y", [">go:y/pkg/x/example.org/"]),
        ("a/b.go", "go", "net/http", []),
        ("src/a/b.rs", "rust", "crate::net::Tcp", ["=rs:Tcp/net/src/", "=rs:net/src/"]),
        ("src/a/b.rs", "rust", "self::c", ["=rs:c/b/a/src/"]),
        ("src/a/mod.rs", "rust", "self::c", ["=rs:c/a/src/"]),
        ("src/a/b.rs", "rust", "super::c", ["=rs:c/a/src/"]),
        ("src/a/b.rs", "rust", "super::super::c", ["=rs:c/src/"]),
        ("src/a/b.rs", "rust", "serde::Serialize", []),
        ("x/tests/all.rs", "rust", "shop::cart", ["=rs:cart/src/x/"]),
        ("x/tests/all.rs", "rust", "std::fs", []),
        ("A.java", "java", "com.x.Foo", ["~jvm:Foo/x/com/"]),
        ("A.java", "java", "com.x.Foo.bar", ["~jvm:bar/Foo/x/com/", "~jvm:Foo/x/com/"]),
        ("A.java", "java", "java.util.List", []),
        ("src/a.c", "c", "net/b.h", ["=c:b.h/net/src/", "~c:b.h/net/"]),
        ("src/a.c", "c", "../b.h", ["=c:b.h/", "~c:b.h/"]),
        ("src/a.c", "c", "stdio.h", []),
        ("src/a.cc", "cpp", "vector", []),
        ("lib/a.rb", "ruby", "./b", ["=rb:b/lib/"]),
        ("src/A.php", "php", "App\\Model\\User", ["~php:User/Model/App/"]),
    ],
)
def test_import_asks_for_modules(path: str, language: str, name: str, attempts: list[str]) -> None:
    """By the rules of its language; what ships with the language is nobody's file."""
    asked = [group for group in specs(path, language, [name]) if not group[0].startswith("@")]

    assert asked == ([attempts] if attempts else [])


@pytest.mark.parametrize(
    ("path", "language", "first"),
    [
        ("tests/test_core.py", "python", "@core.py"),
        ("pkg/core_test.go", "go", "@core.go"),
        ("src/test/java/FooTest.java", "java", "@foo.java"),
        ("src/test/java/FooIT.java", "java", "@foo.java"),
        ("web/__tests__/form.spec.tsx", "tsx", "@form.tsx"),
        ("tests/parser.rs", "rust", "@parser.rs"),
        ("test/net-test.cc", "cpp", "@net.cc"),
        ("spec/user_spec.rb", "ruby", "@user.rb"),
    ],
)
def test_test_is_named_for_what_it_covers(path: str, language: str, first: str) -> None:
    """Without its affix, in lower case, in its own language first."""
    assert specs(path, language, [])[0][0] == first


@pytest.mark.parametrize("path", ["tests/conftest.py", "tests/__init__.py", "src/core.py"])
def test_what_is_no_test_covers_nothing_by_name(path: str) -> None:
    """Support among tests, and sources."""
    assert specs(path, "python", []) == []
