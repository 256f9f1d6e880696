"""The words of a task tell what kind of work it is, in English and in Russian."""

from __future__ import annotations

import pytest

from rtkq.recall.intent import intent


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("Fix crash when the replica disconnects", "bugfix"),
        ("TypeError raised by ProgressBar when length is None", "bugfix"),
        ("Exit code is wrong after Ctrl-C", "bugfix"),
        ("Исправить ошибку при обновлении сессии", "bugfix"),
        ("Падает тест авторизации", "bugfix"),
        ("Add support for IPv6 addresses", "feature"),
        ("Implement retry with backoff for uploads", "feature"),
        ("Добавить кэширование ответов", "feature"),
        ("Реализовать очередь заданий", "feature"),
        ("Refactor the session store into smaller modules", "refactor"),
        ("Rename `getUser` to `findUser` and move it to users.ts", "refactor"),
        ("Переименовать класс и вынести методы", "refactor"),
        ("Production outage: workers hang after deploy", "incident"),
        ("Инцидент: сервис недоступен, воркеры зависли", "incident"),
        ("Where are sessions refreshed?", "general"),
        ("Где обновляется сессия?", "general"),
        ("", "general"),
    ],
)
def test_task_tells_its_kind(task: str, kind: str) -> None:
    """Each kind is recognised by what people write about it."""
    assert intent(task) == kind


def test_first_line_weighs_more_than_what_follows() -> None:
    """A stack trace below a wish does not make a bug of it."""
    assert intent("Add and implement an option to hide this\nTraceback:\n") == "feature"


def test_word_that_only_begins_like_a_sign_says_nothing() -> None:
    """A fixture is not a fix."""
    assert intent("Where does the fixture live?") == "general"
