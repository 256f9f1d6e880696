"""What kind of work a task asks for, told by its words in English and Russian.

Prefixes, not stems: ``исправ`` is in every form of the word and in nothing else.
"""

from __future__ import annotations

from rtkq import words

GENERAL = "general"

#: Kind → (weight, beginnings of words). In order: of equals the first kind wins. A word that
#: also names features of every program ("error", "fail") weighs less than one that does not.
_SIGNS = {
    "incident": (
        (3, "incident outage postmortem downtime pagerduty oncall rollback инцидент авари"),
        (2, "prod production unavailabl oom deadlock hang hung leak недоступ простаива утечк прод"),
        (2, "завис падени лежит откат"),
        (1, "urgent timeout alert spike latenc срочно таймаут"),
    ),
    "bugfix": (
        (3, "bug bugfix fix fixe regress broken crash traceback segfault ошибк баг исправ почин"),
        (2, "incorrect wrong fail panic exception cannot doesn unexpected неправильн некорректн"),
        (2, "падает слома ломает неверн исключени регресс"),
        (1, "error issue invalid missing instead race не"),
    ),
    "refactor": (
        (3, "refactor cleanup dedup restructur reorganiz рефактор переимен перепис"),
        (3, "simplif deduplicat decoupl modulariz упрост вынес вынест раздели"),
        (2, "renam extract inline migrat rewrit split tidy перенес перемест избав убери"),
        (1, "mov remov replac deprecat legacy unused замен удал"),
    ),
    "feature": (
        (3, "implement introduc feature реализ внедр фич"),
        (2, "add support enabl allow creat provid добав поддерж созда сдела разреш"),
        (1, "new option let expos нов возможност"),
    ),
}
#: Longest word that may follow the beginning of a short sign: "fix" is in "fixed", not "fixture".
_SHORT, _SHORT_ENDING = 4, 3
_FIRST_LINE = 2


def intent(task: str) -> str:
    """Return incident, bugfix, refactor or feature, or general where no word tells.

    The first line counts double, as it does for ranking: what follows is often a stack trace.
    """
    scores = dict.fromkeys(_SIGNS, 0)
    for number, line in enumerate(task.strip().split("\n")):
        weight = _FIRST_LINE if number == 0 else 1
        for word in set(_words(line)):
            for kind, signs in _SIGNS.items():
                scores[kind] += weight * _weight(word, signs)
    best = max(scores, key=lambda kind: scores[kind])
    return best if scores[best] else GENERAL


def _words(line: str) -> list[str]:
    return [part for one in words.identifiers(line) for part in words.split(one)]


def _weight(word: str, signs: tuple[tuple[int, str], ...]) -> int:
    return max((weight for weight, listed in signs if _is_listed(word, listed)), default=0)


def _is_listed(word: str, listed: str) -> bool:
    return any(_begins(word, sign) for sign in listed.split())


def _begins(word: str, sign: str) -> bool:
    ending = len(word) - len(sign)
    return word.startswith(sign) and (len(sign) > _SHORT or ending <= _SHORT_ENDING)
