"""Russian words find their English: stems, the dictionary file, and the way between them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkq import russian, words

FILE = Path(russian.__file__).with_name("russian.tsv")
LINES = FILE.read_text("utf-8").splitlines()
ENTRIES = {word: meanings.split() for word, _, meanings in (line.partition("\t") for line in LINES)}
CYRILLIC = st.text("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", max_size=20)

#: Words and their stems as Snowball gives them, a kind of ending each.
STEMS = {
    "вагонами": "вагон",
    "важнейшими": "важн",
    "важностью": "важност",
    "валандался": "валанда",
    "загрузившись": "загруз",
    "отправленных": "отправлен",
    "обновляется": "обновля",
    "надежность": "надежн",
    "пустынный": "пустын",
    "бд": "бд",
}
#: Words as they stand in tasks, and what must be looked for.
MEANINGS = {
    "очередями": "queue",
    "списка": "list",
    "кнопок": "button",
    "настроек": "setting",
    "загружаемых": "load",
    "отправленного": "send",
    "сериализуются": "serialize",
    "игнорируется": "ignore",
    "памяти": "memory",
    "узлов": "node",
    "многострочные": "multiline",
    "авторизации": "authorization",
    "платежей": "payment",
    "залогинился": "login",
    "закэшированного": "cache",
    "бэкенду": "backend",
    "коммитов": "commit",
    "отрефактори": "refactor",
    "эндпоинты": "endpoint",
    "джобу": "job",
    "таски": "task",
}


@pytest.mark.parametrize("word", STEMS)
def test_a_word_loses_its_ending(word: str) -> None:
    """Case, gender, tense and voice do not matter for what a word is about."""
    assert russian.stem(word) == STEMS[word]


def test_e_with_dots_is_e() -> None:
    """Nobody types the dots reliably."""
    assert russian.stem("счётчиков") == russian.stem("счетчик")


@given(CYRILLIC)
def test_a_stem_begins_its_word(word: str) -> None:
    """The dictionary is searched by it: what begins with the stem lies together there."""
    stem = russian.stem(word)

    assert word.replace("ё", "е").startswith(stem)
    assert bool(stem) == bool(word)


@given(CYRILLIC)
def test_any_word_may_be_asked_for(word: str) -> None:
    """A word that nobody knows has no meanings, or those of a relative; it is no error."""
    assert len(russian.english(russian.stem(word))) <= 5


@pytest.mark.parametrize("word", MEANINGS)
def test_a_word_of_a_task_means_what_developers_mean(word: str) -> None:
    """In any form, in any slang; the likeliest meaning comes first."""
    assert russian.english(russian.stem(word))[0] == MEANINGS[word]


def test_a_relative_helps_where_the_word_is_missing() -> None:
    """Nobody can list all that can be made of a root."""
    assert "фильтруемость" not in ENTRIES

    assert russian.english(russian.stem("фильтруемость")) == russian.english("фильтр")


def test_prose_means_nothing() -> None:
    """What is no term must not be looked for."""
    assert not [word for word in ("абракадабра", "вчера", "бабушка", "ы") if russian.english(word)]


def test_every_entry_is_found_by_its_stem() -> None:
    """A line in the wrong place would never be found, so all are tried."""
    found = {word: russian.english(russian.stem(word)) for word in ENTRIES}

    assert found == ENTRIES


def test_lines_are_sorted_and_each_word_has_one() -> None:
    """Lookups are bisections over the bytes."""
    assert [line.encode() for line in LINES] == sorted(line.encode() for line in LINES)
    assert len(ENTRIES) == len(LINES) > 4000


def test_words_are_russian_and_meanings_english() -> None:
    """A Latin letter among Cyrillic ones looks right and is never found."""
    letters = set("абвгдежзийклмнопрстуфхцчшщъыьэюя")

    assert not [word for word in ENTRIES if not set(word) <= letters]
    assert not [
        word for word, found in ENTRIES.items() if not 1 <= len(set(found)) == len(found) < 6
    ]
    assert not [one for found in ENTRIES.values() for one in found if not _is_term(one)]


def _is_term(word: str) -> bool:
    return word.isascii() and word.isalnum() and word.islower() and bool(words.terms(word))


def test_no_entry_is_a_stop_word() -> None:
    """It would look as if it were found."""
    assert not russian.STOP & ENTRIES.keys()


def test_words_of_one_stem_mean_the_same() -> None:
    """A form does not tell which of them was meant, so they share all meanings."""
    by_stem = defaultdict(set)
    for word, found in ENTRIES.items():
        by_stem[russian.stem(word)].add(tuple(found))

    assert not [stem for stem, meanings in by_stem.items() if len(meanings) > 1]


def test_text_and_task_are_stemmed_alike() -> None:
    """Comments may be Russian as well, and are indexed by the same stems."""
    assert (
        words.count("# Очередь задач") == words.count("ОЧЕРЕДИ задаче") == {"очеред": 1, "задач": 1}
    )


def test_other_alphabets_are_left_alone() -> None:
    """Only Cyrillic words are taken for Russian ones."""
    assert words.count("größe δέντρο") == {"größe": 1, "δέντρο": 1}
