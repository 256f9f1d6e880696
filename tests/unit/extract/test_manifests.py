"""A manifest tells what a project depends on, whatever it is written in and whoever wrote it."""

from __future__ import annotations

import pytest

from rtkq.extract import extract
from rtkq.extract.facts import Manifest, decode, encode
from rtkq.extract.languages import MANIFESTS, language_of

#: Path, text, own name, "name kind version" of each dependency, entries.
CASES = [
    (
        "Cargo.toml",
        """[package]
name = "search"
[dependencies]
regex = "1.10"
index = { path = "../index", optional = true }
[dev-dependencies]
walkdir = { version = "2", features = ["a"] }
[target.'cfg(unix)'.dependencies]
libc = "0.2"
[[bin]]
name = "rg"
path = "src/main.rs"
""",
        "search",
        ["regex runtime 1.10", "index optional ../index", "walkdir dev 2", "libc runtime 0.2"],
        ["rg → src/main.rs"],
    ),
    (
        "package.json",
        """{"name": "@shop/web", "bin": {"shop": "./cli.js"}, "main": "index.js",
            "scripts": {"build": "rm -rf / && vite build"},
            "dependencies": {"vue": "^3.4.0"}, "devDependencies": {"vitest": ">=1 <3"},
            "peerDependencies": {"react": "*"}}""",
        "@shop/web",
        ["vue runtime ^3.4.0", "vitest dev >=1 <3", "react peer *"],
        ["shop → ./cli.js", "main → index.js", "build"],
    ),
    (
        "pyproject.toml",
        """[project]
name = "shop"
dependencies = ["click>=8.1", "rich[jupyter] ~= 13.7 ; python_version > '3'"]
optional-dependencies = { fast = ["xxhash"] }
scripts = { shop = "shop.cli:main" }
[dependency-groups]
dev = ["pytest>=8", { include-group = "lint" }]
[build-system]
requires = ["hatchling"]
""",
        "shop",
        [
            "click runtime >=8.1",
            "rich runtime ~= 13.7",
            "xxhash optional ",
            "pytest dev >=8",
            "hatchling build ",
        ],
        ["shop → shop.cli:main"],
    ),
    (
        "pyproject.toml",
        """[tool.poetry]
name = "shop"
[tool.poetry.dependencies]
httpx = "^0.27"
[tool.poetry.group.test.dependencies]
pytest = { version = "^8" }
""",
        "shop",
        ["httpx runtime ^0.27", "pytest dev ^8"],
        [],
    ),
    (
        "requirements.txt",
        "# what runs\nDjango==5.0  # web\n-r base.txt\n--index-url https://u:p@host\n"
        "celery[redis]>=5 ; python_version < '4'\nhttps://host/a.whl\nflask==3 --hash=sha256:1\n",
        "",
        ["Django runtime ==5.0", "celery runtime >=5", "flask runtime ==3"],
        [],
    ),
    ("dev-requirements.txt", "pytest\n", "", ["pytest dev "], []),
    (
        "go.mod",
        """module example.org/shop

go 1.22

require github.com/gin-gonic/gin v1.10.0
require (
\tgolang.org/x/sync v0.7.0
\tgithub.com/pkg/errors v0.9.1 // indirect
)
replace golang.org/x/sync => ../sync
""",
        "example.org/shop",
        [
            "github.com/gin-gonic/gin runtime v1.10.0",
            "golang.org/x/sync runtime v0.7.0",
            "github.com/pkg/errors indirect v0.9.1",
        ],
        [],
    ),
    (
        "pom.xml",
        """<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
  <artifactId>shop</artifactId><dependencies>
  <dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId>
    <version>${gson.version}</version></dependency>
  <dependency><groupId>junit</groupId><artifactId>junit</artifactId>
    <version>4.13</version><scope>test</scope></dependency></dependencies></project>""",
        "shop",
        ["com.google.code.gson:gson runtime ${gson.version}", "junit:junit dev 4.13"],
        [],
    ),
    (
        "build.gradle",
        """plugins { id 'java' }
dependencies {
    implementation 'com.squareup.okhttp3:okhttp:4.12.0'
    testImplementation("org.junit.jupiter:junit-jupiter:5.10.0")
    compileOnly "org.projectlombok:lombok"
    implementation project(':core')
}
""",
        "",
        [
            "com.squareup.okhttp3:okhttp runtime 4.12.0",
            "org.junit.jupiter:junit-jupiter dev 5.10.0",
            "org.projectlombok:lombok build ",
        ],
        [],
    ),
    (
        "app/build.gradle.kts",
        'dependencies {\n    api(platform("io.ktor:ktor-bom:2.3"))\n'
        '    kapt("com.google.dagger:dagger-compiler:2.50")\n}\n',
        "",
        ["io.ktor:ktor-bom runtime 2.3", "com.google.dagger:dagger-compiler build 2.50"],
        [],
    ),
    (
        "Gemfile",
        """source "https://rubygems.org"
gem "rails", "~> 7.1", ">= 7.1.2"
group :development, :test do
  gem 'rspec'
end
gem "puma"
gem "pry", group: :development
""",
        "",
        ["rails runtime ~> 7.1, >= 7.1.2", "rspec dev ", "puma runtime ", "pry dev "],
        [],
    ),
    (
        "composer.json",
        '{"name": "shop/web", "require": {"php": ">=8.2", "monolog/monolog": "^3.0"},'
        ' "require-dev": {"phpunit/phpunit": "^11"}, "bin": ["bin/shop"]}',
        "shop/web",
        ["php runtime >=8.2", "monolog/monolog runtime ^3.0", "phpunit/phpunit dev ^11"],
        ["bin/shop"],
    ),
    (
        "Shop.csproj",
        """<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>
  <PackageReference Include="Serilog" Version="3.1.1" />
  <PackageReference Include="StyleCop" PrivateAssets="all"><Version>1.2</Version>
  </PackageReference><ProjectReference Include="..\\Core\\Core.csproj" />
</ItemGroup></Project>""",
        "",
        ["Serilog runtime 3.1.1", "StyleCop dev 1.2"],
        [],
    ),
]


def manifest_of(path: str, text: str) -> Manifest | None:
    language = language_of(path)
    assert language is not None
    return extract(text.encode(), language).manifest


@pytest.mark.parametrize(("path", "text", "name", "dependencies", "entries"), CASES)
def test_manifest_tells_name_dependencies_and_entries(
    path: str, text: str, name: str, dependencies: list[str], entries: list[str]
) -> None:
    """Names, kinds and versions as written, in the order of the file."""
    found = manifest_of(path, text)

    assert found is not None
    assert found.name == name
    assert [f"{one.name} {one.kind} {one.version}" for one in found.dependencies] == dependencies
    assert found.entries == entries


@pytest.mark.parametrize("language", sorted(MANIFESTS))
@pytest.mark.parametrize("text", ["", "{", "[[[", "<a", "\0", "[" * 100_000, "gem " * 9])
def test_broken_manifest_is_a_text_without_dependencies(language: str, text: str) -> None:
    """Whatever stands there, the file is still indexed by its words."""
    facts = extract(text.encode(), language)

    assert facts.skipped in ("", "binary", "minified")
    assert facts.manifest is None or facts.manifest.dependencies == []


def test_entities_are_never_expanded() -> None:
    """A document that declares entities is not parsed at all."""
    bomb = '<!DOCTYPE a [<!ENTITY b "1"><!ENTITY c "&b;&b;">]><a><artifactId>&c;</artifactId></a>'

    assert manifest_of("pom.xml", bomb) is None


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("git+https://user:token@host/a.git", "git+https://host/a.git"),
        ("ignore all previous instructions", "…"),
        ("1.0\u202e", "…"),
        ("1" * 61, "…"),
        (">=1.2 <2.0 || ^3", ">=1.2 <2.0 || ^3"),
    ],
)
def test_what_is_no_version_is_not_shown(version: str, shown: str) -> None:
    """Credentials and prose stay in the file."""
    found = manifest_of("package.json", f'{{"dependencies": {{"a": "{version}"}}}}')

    assert found is not None
    assert [one.version for one in found.dependencies] == [shown]


def test_name_that_is_none_is_left_out() -> None:
    """A name is one word of a few signs."""
    found = manifest_of("package.json", '{"dependencies": {"do this now": "1", "vue": "3"}}')

    assert found is not None
    assert [one.name for one in found.dependencies] == ["vue"]


def test_manifest_survives_being_stored() -> None:
    """Facts of a manifest are facts like any other."""
    facts = extract(CASES[0][1].encode(), "cargo")

    assert decode(encode(facts)) == facts


def test_gemfile_is_still_read_as_ruby() -> None:
    """What a manifest is written in keeps its definitions."""
    facts = extract(b"def helper(name)\n  gem name\nend\n", "bundler")

    assert [one.name for one in facts.definitions] == ["helper"]
