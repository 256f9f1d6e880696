"""Receipts are whole lines of bounded size that say what happened and never what was said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkq import receipts
from rtkq.receipts import Receipt

texts = st.text(st.characters(exclude_categories=["Cs"]))


def only_file(home: Path) -> str:
    """Return the one file of receipts."""
    (file,) = (home / "receipts").glob("*.log")
    return str(file)


def written(home: Path, receipt: Receipt) -> dict[str, str]:
    """Write *receipt* and read it again."""
    receipts.write(str(home), receipt)
    (line,), _ = receipts.read(only_file(home))
    return line


def test_receipt_reads_back(tmp_path: Path) -> None:
    """What the hook notes is what the workers read."""
    receipt = Receipt("claude-code")
    receipt.event, receipt.type, receipt.outcome = "PreToolUse", "explore", "injected"
    receipt.root, receipt.state, receipt.generation = "/work/shop", "fresh", 12
    receipt.paths = ["src/a.py", "src/b.py"]

    line = written(tmp_path, receipt)

    assert line["at"] == str(receipt.at)
    assert int(line["elapsed_us"]) >= 0
    assert {key: line[key] for key in ("agent", "event", "type", "outcome", "root")} == {
        "agent": "claude-code",
        "event": "PreToolUse",
        "type": "explore",
        "outcome": "injected",
        "root": "/work/shop",
    }
    assert (line["state"], line["generation"], line["paths"]) == ("fresh", "12", "2")
    assert (line["path1"], line["path2"]) == ("src/a.py", "src/b.py")


@given(texts, texts, st.lists(texts, max_size=20))
def test_line_is_one_line_of_bounded_size(kind: str, root: str, paths: list[str]) -> None:
    """Whatever a client or a repository calls things, one write stays one short line."""
    receipt = Receipt("claude-code")
    receipt.type, receipt.root, receipt.paths = kind * 50, root * 50, [path * 9 for path in paths]

    line = receipt.line()

    assert len(line) <= receipts.LONGEST_LINE
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def test_path_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Half a root would be another folder."""
    receipt = Receipt("claude-code")
    receipt.root = "/deep" * 900
    receipt.paths = ["p" * 1000, "q" * 1000, "r" * 1000, "short"]

    line = written(tmp_path, receipt)

    assert "root" not in line
    assert [line.get(f"path{n}") for n in (1, 2, 3, 4)] == ["p" * 1000, None, None, "short"]


@pytest.mark.parametrize("name", ["tab\there", "line\nbreak", "100%", "имя", "bytes\udcff", "a=b"])
def test_any_name_reads_back(tmp_path: Path, name: str) -> None:
    """Names of files may hold anything but a slash and NUL."""
    receipt = Receipt("claude-code")
    receipt.root = f"/{name}"

    assert written(tmp_path, receipt)["root"] == f"/{name}"


@given(texts, texts)
def test_link_is_of_one_shape(session: str, name: str) -> None:
    """Sixteen digits, whatever a client may call things; none where something is missing."""
    link = receipts.link_of(session, name)

    assert len(link) == (16 if session and name else 0)
    assert set(link) <= set("0123456789abcdef")


def test_links_tell_sessions_and_calls_apart() -> None:
    """Also where one id ends as the other begins; and they never change between versions."""
    ids = [("s", "c"), ("s", "d"), ("t", "c"), ("sc", "c"), ("s", "cc"), ("имя", "c")]

    assert len({receipts.link_of(*one) for one in ids}) == len(ids)
    assert receipts.link_of("session", "toolu_1") == "ec79d28a8e3b94be"


def test_unfinished_line_is_left_for_later(tmp_path: Path) -> None:
    """A reader that is faster than the writer takes up the line when it is whole."""
    file = tmp_path / "minute.log"
    first, second = Receipt("one").line(), Receipt("two").line()
    file.write_bytes(first + second[:20])

    lines, offset = receipts.read(str(file))
    file.write_bytes(first + second)
    later, end = receipts.read(str(file), offset)

    assert [line["agent"] for line in lines] == ["one"]
    assert [line["agent"] for line in later] == ["two"]
    assert end == file.stat().st_size


def test_torn_line_is_counted(tmp_path: Path) -> None:
    """A line that a full disk cut runs into the next one; both are one torn line."""
    file = tmp_path / "minute.log"
    whole = Receipt("whole").line()
    file.write_bytes(whole + whole[:30] + whole + b"\xff\x00garbage\n\n" + whole)

    lines, _ = receipts.read(str(file))

    assert [line.get("torn") for line in lines] == [None, "1", "1", "1", None]


def test_full_folder_drops_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody folds, receipts stop at the limit, and how many were dropped is known."""
    monkeypatch.setattr(receipts, "LARGEST_FOLDER_BYTES", 100)
    folder = tmp_path / "receipts"
    folder.mkdir()
    (folder / "20261123T1000.log").write_bytes(b"x" * 101)

    for _ in range(3):
        receipts.write(str(tmp_path), Receipt("claude-code"))

    assert (folder / receipts.DROPPED).stat().st_size == 3
    assert len(list(folder.iterdir())) == 2


def test_files_are_private(tmp_path: Path) -> None:
    """Names of projects and files concern nobody else."""
    receipts.write(str(tmp_path), Receipt("claude-code"))

    assert (tmp_path / "receipts").stat().st_mode & 0o777 == 0o700
    assert Path(only_file(tmp_path)).stat().st_mode & 0o777 == 0o600
