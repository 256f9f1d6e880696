"""Russian words of a task: their stems, and what developers call the same things in English.

The dictionary is a text file for people, ``russian.tsv``: a Russian word, a tab, English words, the
likeliest first. Its lines are sorted by their bytes, and a stem is the beginning of its words, so
all words of a stem lie together: looking one up is a bisection and a glance at a few lines, and
nothing is parsed. The hook imports this module when a task is Russian: it imports next to nothing.
"""

from __future__ import annotations

import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words of any text, and of tasks: what ``rtkq.words.STOP`` is for English.
STOP = frozenset(
    """
    без более будем будет будут бы был была были было быть вам вас ваш ваша ваше весь виде
    вместе вместо внутрь во возможно вокруг вообще вот вроде все всегда всего всем всех всё вы
    выше где да давай даже далее дальше два две двух для до довольно должен должна должно должны
    достаточно другая другие другим других другого другое другой его ее если есть еще ещё её же
    за затем зачем здесь из или им имеет именно имеют иначе иногда итак их каждая каждого каждой
    каждый как какая какие каких какой когда которая которого которое которой котором которому
    которую которые который которых кроме кто куда легко ли либо лишь лучше любого любой любые
    мало между менее меня мне много могла могли могут может можно мочь мы на над надо нам
    например нас наш не него нее ней некоторые некоторых нельзя нем немного нет нею неё ни ниже
    никогда ним них ничего но ну нужен нужна нужно нужны нём об оба обе обычно один одна однако
    одни одно одного одной одну около он она они оно особенно остальные остальных от отлично
    отсюда очень перед плохо по под пожалуйста пока поскольку после потом потому похоже почему
    почти поэтому при причем причём про просто против пусть ради раз редко рядом сам сама сами
    само самого самое самой свое своего своей свои своих свой себя сейчас сколько сначала снова
    со совершенно совсем согласно сразу среди сюда та так такая также такие таким таких такого
    такое такой таком там те тем теми теперь тех то тогда того тоже той только том тому тот трех
    три трёх ту туда ты уж уже хорошо хотя чаще чего чем через что чтоб чтобы чуть эта эти этим
    этих это этого этой этом этому этот эту
    больше делает делать добавим добавить добавлен добавлена добавление добавлено добавлены
    добавляем добавляет добавлять добавь добавьте измени изменить использовала использовалась
    использовали использовался использован использована использованы использовать использоваться
    используем использует используется используй используйте используются использующий используя
    исправим исправит исправить исправлен исправлена исправление исправления исправлено
    исправлены исправлять исправь меньше новая нового новое новой новому новые новый новым новых
    обнови обновить обновлен обновлена поддержать поддерживает поддерживать поддержка поддержки
    поддержку позволить позволяет поправить поправь пофиксить почини починить применить
    применять разрешить сделай сделать убери убирать убрать
    """.split()  # noqa: SIM905 (a list of 300 quoted words would hide the words)
)

_VOWELS = "аеиоуыэюя"
_REFLEXIVE = ("ся", "сь")


def _endings(text: str) -> tuple[tuple[int, frozenset[str]], ...]:
    """Return the endings by length, the longest first."""
    listed = text.split()
    lengths = sorted({len(ending) for ending in listed}, reverse=True)
    return tuple((n, frozenset(one for one in listed if len(one) == n)) for n in lengths)


#: These count only after а or я, which stays.
_GERUND_AFTER_A = _endings("в вши вшись")
_PARTICIPLE_AFTER_A = _endings("ем нн вш ющ щ")
_VERB_AFTER_A = _endings("ла на ете йте ли й л ем н ло но ет ют ны ть ешь нно")
_GERUND = _endings("ив ивши ившись ыв ывши ывшись")
_ADJECTIVE = _endings(
    "ее ие ые ое ими ыми ей ий ый ой ем им ым ом его ого ему ому их ых ую юю ая яя ою ею"
)
_PARTICIPLE = _endings("ивш ывш ующ")
_VERB = _endings(
    "ила ыла ена ейте уйте ите или ыли ей уй ил ыл им ым ен ило ыло ено ят ует уют ит ыт ены ить"
    " ыть ишь ую ю"
)
_NOUN = _endings(
    "а ев ов ие ье е иями ями ами еи ии и ией ей ой ий й иям ям ием ем ам ом о у ах иях ях ы ь ию"
    " ью ю ия ья я"
)
_I = _endings("и")
_SOFT = _endings("ь")
_SUPERLATIVE = _endings("ейш ейше")
_ABSTRACT = ("ост", "ость")
_NAMES_OF_QUALITIES = _endings("ост ость")
#: What makes verbs, nouns and adjectives of one root, and so differs where the meaning does not.
_FORMATIVE = _endings(
    "ировани ирова ировать ирован ирующ ируем уем ир ац овыва овани ова ован ева евани ыва ывани"
    " ыван ива ивани иван ани ени яни ан ен ян енн анн ющ а я и очк н ник щик чик тель ост ност"
)
_SHORTEST_ROOT = 4
_SOFTENED = ("бл", "вл", "мл", "пл")
_SHORTEST = 2
#: Lines looked at: the bound on the work for a word.
_MOST_FORMS = 16
_MOST_RELATIVES = 24
_DICTIONARY = "/russian.tsv"


def stem(word: str) -> str:
    """Return *word*, in lower case, without its Russian inflection; a beginning of it.

    Source:
        The Russian stemmer of Snowball, https://snowballstem.org/algorithms/russian/stemmer.html.
        The letter ё becomes е.
    """
    word = word.replace("ё", "е")
    start = _after_vowel(word, 0)
    cut = _cut(_without_inflection(word, start), start, _I)
    if cut.endswith(_ABSTRACT):
        cut = _cut(cut, _second_region(word), _NAMES_OF_QUALITIES)
    shorter = _cut(cut, start, _SUPERLATIVE)
    if shorter.endswith("нн") and len(shorter) - 1 > start:
        return shorter[:-1]
    return _cut(shorter, start, _SOFT) if shorter == cut else shorter


def _without_inflection(word: str, start: int) -> str:
    cut = _cut_either(word, start, _GERUND, _GERUND_AFTER_A)
    if cut != word:
        return cut
    if word.endswith(_REFLEXIVE) and len(word) - 2 >= start:
        word = word[:-2]
    cut = _cut(word, start, _ADJECTIVE)
    if cut != word:
        return _cut_either(cut, start, _PARTICIPLE, _PARTICIPLE_AFTER_A)
    cut = _cut_either(word, start, _VERB, _VERB_AFTER_A)
    return cut if cut != word else _cut(word, start, _NOUN)


def _cut_either(
    word: str,
    start: int,
    endings: tuple[tuple[int, frozenset[str]], ...],
    after_a: tuple[tuple[int, frozenset[str]], ...],
) -> str:
    """Cut the longer of what the two lists allow; the second only after а or я."""
    cut = _cut(word, start, endings)
    other = _cut(word, start + 1, after_a)
    return other if len(other) < len(cut) and other.endswith(("а", "я")) else cut


def _after_vowel(word: str, start: int) -> int:
    """Return the place behind the first vowel from *start* on, or the end."""
    for at in range(start, len(word)):
        if word[at] in _VOWELS:
            return at + 1
    return len(word)


def _second_region(word: str) -> int:
    """Return the place behind the second pair of a vowel and a consonant."""
    start = 0
    for _ in range(2):
        at = _after_vowel(word, start)
        start = next((at + 1 for at in range(at, len(word)) if word[at] not in _VOWELS), len(word))
    return start


def _cut(word: str, start: int, endings: tuple[tuple[int, frozenset[str]], ...]) -> str:
    """Return *word* without the longest of *endings* that begins at *start* or later."""
    for length, listed in endings:
        if word[-length:] in listed and len(word) - length >= start:
            return word[:-length]
    return word


def english(stemmed: str) -> list[str]:
    """Return what developers call a Russian word in English, the likeliest first.

    A word that the dictionary does not have is taken for a relative of one that it has: the first
    with the same root.

    Args:
        stemmed: What `stem` made of the word.
    """
    if len(stemmed) < _SHORTEST:
        return []
    for word, meanings in _lines(stemmed, _MOST_FORMS):
        if word.removesuffix("ь") == stemmed or stem(word) == stemmed:
            return meanings.split()
    root = _root(stemmed)
    if len(root) < _SHORTEST_ROOT:
        return []
    for word, meanings in _lines(root.removesuffix("к"), _MOST_RELATIVES):
        if _root(stem(word)) == root:
            return meanings.split()
    return []


def _root(stemmed: str) -> str:
    """Return a stem without what makes a verb, noun or adjective of it.

    The vowel that comes and goes goes: both ``список`` and ``списк`` give ``списк``.
    """
    if stemmed.endswith(("ок", "ек")):
        return stemmed[:-2] + ("йк" if stemmed[-3:-2] in _VOWELS else "к")
    cut = _cut(stemmed, _SHORTEST_ROOT, _FORMATIVE)
    return cut[:-1] if cut.endswith(_SOFTENED) and len(cut) > _SHORTEST_ROOT else cut


def _lines(beginning: str, most: int) -> Iterator[tuple[str, str]]:
    """Yield word and meanings of the lines that begin so, the first *most* of them."""
    text = _text()
    begin = beginning.encode()
    at = _first(text, begin)
    for _ in range(most):
        if not text.startswith(begin, at):
            return
        end = text.index(b"\n", at)
        word, _, meanings = text[at:end].decode().partition("\t")
        yield word, meanings
        at = end + 1


def _first(text: bytes, word: bytes) -> int:
    """Return where the first line not below *word* begins."""
    low, high = 0, len(text)
    while low < high:
        middle = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = text.index(b"\n", middle) + 1
        if text[middle:end] < word:
            low = end
        else:
            high = middle
    return low


_loaded: list[bytes] = []


def _text() -> bytes:
    if not _loaded:
        file = posix.open(__file__.rpartition("/")[0] + _DICTIONARY, posix.O_RDONLY)
        try:
            _loaded.append(posix.read(file, posix.fstat(file).st_size))
        finally:
            posix.close(file)
    return _loaded[0]
