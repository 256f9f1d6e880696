"""A file's name decides how it is read, and whether it is read at all."""

from __future__ import annotations

import pytest

from rtkq.extract import grammars
from rtkq.extract.languages import LANGUAGES, MANIFESTS, TEXT, language_of, version_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/app.py", "python"),
        ("stubs/app.pyi", "python"),
        ("a/b.ts", "typescript"),
        ("a/b.d.mts", "typescript"),
        ("a/View.TSX", "tsx"),
        ("a/view.jsx", "javascript"),
        ("main.go", "go"),
        ("lib.rs", "rust"),
        ("A.java", "java"),
        ("settings.gradle.kts", "kotlin"),
        ("build.gradle.kts", "gradle_kts"),
        ("app/Shop.csproj", "dotnet"),
        ("requirements.txt", "requirements"),
        ("requirements-test.txt", "requirements_dev"),
        ("a.h", "c"),
        ("a.hpp", "cpp"),
        ("A.cs", "csharp"),
        ("Rakefile", "ruby"),
        ("index.php", "php"),
        ("A.swift", "swift"),
        ("build.sbt", "scala"),
        ("init.lua", "lua"),
        (".bashrc", "bash"),
        ("README", TEXT),
        ("docs/README.md", TEXT),
        ("CMakeLists.txt", TEXT),
        ("Dockerfile", TEXT),
        ("Dockerfile.dev", TEXT),
        ("deploy/Makefile", TEXT),
        ("package.json", "npm"),
        ("src/credentials.py", "python"),
        ("src/secrets.go", "go"),
        ("src/keymap.ts", "typescript"),
    ],
)
def test_the_name_tells_the_language(path: str, language: str) -> None:
    """Suffix or whole name, in any case; folders do not matter."""
    assert language_of(path) == language


@pytest.mark.parametrize(
    "path",
    [
        "logo.png",
        "a.tar.gz",
        "package-lock.json",
        "pnpm-lock.yaml",
        "Cargo.lock",
        "go.sum",
        "dist/app.min.js",
        "dist/app.js.map",
        ".env",
        ".env.local",
        "server.pem",
        "id_rsa",
        "id_ed25519.pub",
        "tls.key",
        "store.p12",
        ".netrc",
        "credentials",
        "credentials.json",
        "aws/credentials.prod.yml",
        "secrets.yaml",
        "service-account.json",
        "LICENSE",
        "noextension",
        "",
        ".",
        "folder/",
    ],
)
def test_secrets_locks_bundles_and_unknown_files_are_never_read(path: str) -> None:
    """What may hold a secret, or what nobody wrote, is not even opened."""
    assert language_of(path) is None


def test_every_language_has_a_version_of_its_own() -> None:
    """Facts of an older version are recognised and made anew."""
    assert all(version_of(language) > 0 for language in LANGUAGES)
    assert grammars.PARSED | MANIFESTS | {TEXT} == LANGUAGES
    with pytest.raises(KeyError):
        version_of("brainfuck")
