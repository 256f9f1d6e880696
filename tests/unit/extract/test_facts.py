"""Facts are stored compactly, and damage is noticed."""

from __future__ import annotations

import zlib

import pytest

from rtkq.extract import extract
from rtkq.extract.facts import DamagedFactsError, decode, encode

SOURCE = b"import os\n\ndef keep(name):\n    return os.path.join(name)\n" * 50


def test_stored_facts_are_smaller_than_the_source() -> None:
    """All checkouts together must not outgrow what they describe."""
    assert len(encode(extract(SOURCE, "python"))) < len(SOURCE)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not compressed", id="foreign"),
        pytest.param(encode(extract(SOURCE, "python"))[:-9], id="cut off"),
        pytest.param(zlib.compress(b"\x93\x01\x02\x03"), id="other fields"),
        pytest.param(zlib.compress(b""), id="nothing inside"),
        pytest.param(zlib.compress(b"\x93\xa1\xff\xa0\x00"), id="not UTF-8"),
    ],
)
def test_damaged_facts_are_refused(stored: bytes) -> None:
    """The caller extracts the file again; it never works with half a truth."""
    with pytest.raises(DamagedFactsError, match="cannot read stored facts"):
        decode(stored)
