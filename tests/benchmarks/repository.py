"""Synthetic repositories of any size: several languages, distinct words, the same every time.

What costs an index time is not syntax but vocabulary: a few words that stand everywhere, many that
stand in one corner only, and compounds of both. So the words follow Zipf's law, each folder has a
topic of its own, and the number of words grows with the number of files.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_COMMON = """
    account action agent alias archive array backup batch block branch buffer bundle cache channel
    check client clock cluster column command commit config connection content context counter
    cursor daemon data default delay device diff digest document domain driver edge element engine
    entry error event export factory field file filter flag folder format frame gateway graph group
    handler hash header heap history hook host image import index input instance item iterator
    job journal key label layer layout lease ledger level library limit line link list loader lock
    logger map marker mask matrix member memory merge message method metric migration mode model
    module monitor name namespace network node number object offset option order output owner
    package page parser patch path pattern payload permission pipeline plugin point policy pool port
    prefix process profile project prompt protocol provider proxy query queue range rank record
    region registry release remote render replica report request resource response result retry
    role root route rule runner sample schedule schema scope script search section segment selector
    server service session shard signal size slot snapshot socket source stack stage state status
    storage stream string style subject symbol table target task template tenant term thread ticket
    timeout timer token topic trace transaction tree trigger type unit user value vector version
    view volume watcher widget window worker workspace
""".split()  # noqa: SIM905 (quotes would hide the words)
_VERBS = """
    accept append apply build claim clear close collect compare compute convert copy create decode
    delete dispatch drain emit encode evict expand fetch find flush format insert load mark match
    measure normalize open parse prune publish push read recover refresh register release render
    replace resolve restore retry rotate scan schedule send serialize split store subscribe swap
    sync translate trim validate verify walk write
""".split()  # noqa: SIM905
random.Random("order").shuffle(_COMMON)  # or the alphabet would say what is common
_ONSETS = "b br c ch d dr f fl g gr h j k l m n p pl qu r s sk st t tr v w z".split()  # noqa: SIM905
_VOWELS = "a e i o u ai ea io ou".split()  # noqa: SIM905
_ENDS = "l n r s t x nd rk st ck m".split()  # noqa: SIM905

FILES_A_FOLDER = 20
_FOLDERS_AN_AREA = 12
_WORDS_A_TOPIC = 10
_GENERATOR = 4  # raise when the same size gives other files

#: Extension → (naming, head of a file, head of a definition, statements, foot of a definition).
_LANGUAGES = {
    "py": (
        "snake",
        '"""The {a} {b} of the {c}."""\n\nfrom {a} import {b}\n\n',
        "\ndef {name}({a}, {b}: int = {n}) -> {Type}:\n",
        (
            "    {a} = {b}.{verb}_{c}({a}, limit={n})\n",
            "    if {b} is None:\n        return {Type}({a})\n",
            "    # the {a} of a {b} may outlive its {c}\n",
            "    for {c} in {a}.{b}s:\n        {verb}({c})\n",
        ),
        "    return {Type}({a}, {b})\n",
    ),
    "ts": (
        "camel",
        "import {{ {Type} }} from './{a}-{b}';\n\n",
        "\nexport function {name}({a}: {Type}, {b} = {n}): {Type} {{\n",
        (
            "  const {c} = {a}.{verb}{Type}({b}, {n});\n",
            "  if (!{b}) {{ throw new Error('no {a} {b} in {c}'); }}\n",
            "  // the {a} of a {b} may outlive its {c}\n",
            "  {a}.{b}s.forEach(({c}) => {verb}({c}));\n",
        ),
        "  return {a};\n}}\n",
    ),
    "go": (
        "Camel",
        'package {a}\n\nimport "example.org/{b}/{c}"\n',
        "\n// {name} joins the {a} with the {b}.\nfunc {name}({a} *{Type}, {b} int) error {{\n",
        (
            "\t{c} := {a}.{verb}{Type}({b}, {n})\n",
            '\tif {b} == nil {{\n\t\treturn fmt.Errorf("no {a} in {c}")\n\t}}\n',
            "\tfor _, {c} := range {a}.{Type}s {{\n\t\t{verb}({c})\n\t}}\n",
        ),
        "\treturn nil\n}}\n",
    ),
    "rs": (
        "snake",
        "use crate::{a}::{b};\n",
        "\n/// Joins the {a} with the {b}.\npub fn {name}({a}: &{Type}, {b}: usize) -> {Type} {{\n",
        (
            "    let {c} = {a}.{verb}_{b}({n});\n",
            "    if {b} > {n} {{ return {Type}::default(); }}\n",
            "    for {c} in {a}.iter() {{ {verb}({c}); }}\n",
        ),
        "    {a}.clone()\n}}\n",
    ),
    "java": (
        "camel",
        "package org.example.{a};\n\nimport org.example.{b}.{Type};\n\n"
        "public final class {Type}Owner {{\n",
        "\n    public {Type} {name}({Type} {a}, int {b}) {{\n",
        (
            "        var {c} = {a}.{verb}{Type}({b}, {n});\n",
            '        if ({b} > {n}) throw new IllegalStateException("no {a} in {c}");\n',
            "        // the {a} of a {b} may outlive its {c}\n",
        ),
        "        return {a};\n    }}\n",
    ),
}  # fmt: skip
_SPREAD = ("py", "py", "ts", "ts", "ts", "go", "go", "rs", "java", "md")


def checkout(folder: Path, files: int) -> Path:
    """Return a git checkout of that many files in *folder*, made unless it is there.

    Its root is ``folder/synthetic-<files>``; the same number gives the same files everywhere.
    """
    root = folder / f"synthetic-{files}"
    stamp = folder / f"synthetic-{files}.generator"
    if not (stamp.exists() and stamp.read_text() == str(_GENERATOR)):
        shutil.rmtree(root, ignore_errors=True)
        _write(root, files)
        _git(root, "init", "-q", "-b", "main")
        _git(root, "add", "-A")
        _git(root, "commit", "-qm", "start", "--no-verify")
        stamp.write_text(str(_GENERATOR))
    _git(root, "checkout", "-q", "--", ".")  # benchmarks edit files
    return root


def _write(root: Path, files: int) -> None:
    for number, (path, text) in enumerate(_files(files)):
        if number % FILES_A_FOLDER == 0:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    quick = ["-c", "core.fsync=none", "-c", "gc.auto=0"]
    subprocess.run(["git", "-C", str(root), *identity, *quick, *words], check=True)


def rare_words(files: int) -> list[str]:
    """Return invented words; their number grows with the root of *files* (Heaps' law)."""
    chooser = random.Random("rare")
    wanted = 600 + 40 * round(files**0.5)
    words: dict[str, None] = {}
    while len(words) < wanted:
        syllables = chooser.choice((2, 2, 3))
        word = "".join(chooser.choice(_ONSETS) + chooser.choice(_VOWELS) for _ in range(syllables))
        words[word + chooser.choice(_ENDS)] = None
    return list(words)


def _files(files: int) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of each file, folder after folder."""
    rare = rare_words(files)
    for folder in range(-(-files // FILES_A_FOLDER)):
        yield from files_of(folder, min(FILES_A_FOLDER, files - folder * FILES_A_FOLDER), rare)


def topic_of(folder: int, rare: list[str]) -> list[str]:
    """Return the words that the folder of this number is about."""
    chooser = random.Random(f"topic {folder}")
    return chooser.sample(rare, _WORDS_A_TOPIC) + chooser.sample(_COMMON, _WORDS_A_TOPIC)


def files_of(folder: int, files: int, rare: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of each file of one folder, the same every time."""
    chooser = random.Random(f"folder {folder}")
    topic = topic_of(folder, rare)
    area = random.Random(f"area {folder // _FOLDERS_AN_AREA}").choice(rare)
    place = f"{chooser.choice(('src', 'src', 'lib', 'tests'))}/{area}/{topic[0]}_{folder}"
    for number in range(files):
        extension = chooser.choice(_SPREAD)
        name = f"{chooser.choice(topic)}_{chooser.choice(topic)}_{number}"
        yield f"{place}/{name}.{extension}", _text(extension, topic, chooser)


def _text(extension: str, topic: list[str], chooser: random.Random) -> str:
    if extension == "md":
        words = draw(topic, chooser, 120)
        return f"# {words[0]} {words[1]}\n\n" + " ".join(words) + ".\n" + json.dumps(words[:9])
    naming, head, opening, statements, foot = _LANGUAGES[extension]
    pieces = [_filled(head, naming, topic, chooser)]
    for _ in range(chooser.choice((2, 3, 4, 6, 9, 14))):
        pieces.append(_filled(opening, naming, topic, chooser))
        for statement in chooser.choices(statements, k=chooser.randint(2, 12)):
            pieces.append(_filled(statement, naming, topic, chooser))
        pieces.append(_filled(foot, naming, topic, chooser))
    return "".join(pieces) + ("}\n" if extension == "java" else "")


def _filled(template: str, naming: str, topic: list[str], chooser: random.Random) -> str:
    a, b, c, d = draw(topic, chooser, 4)
    verb = chooser.choice(_VERBS)
    name = f"{verb}_{a}_{d}" if naming == "snake" else f"{verb}{a.title()}{d.title()}"
    return template.format(
        a=a,
        b=b,
        c=c,
        n=chooser.randrange(1000),
        verb=verb,
        name=name[0].upper() + name[1:] if naming == "Camel" else name,
        Type=c.title() + d.title(),
    )


#: The commonest word stands twice as often as the second, three times as often as the third.
_ZIPF = list(itertools.accumulate(1 / rank for rank in range(1, len(_COMMON) + 1)))


def draw(topic: list[str], chooser: random.Random, count: int) -> list[str]:
    """Draw words: half of them from the folder's topic, half from those that stand everywhere."""
    common = chooser.choices(_COMMON, cum_weights=_ZIPF, k=count)
    return [word if chooser.random() < 0.5 else chooser.choice(topic) for word in common]
