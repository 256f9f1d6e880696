"""When to ask a team's database again that did not answer; pure, with the time passed in.

After a failure nobody's work waits for it any more. When the wait is over somebody knocks beside
the work; once the knock is answered the next request is the real test, and only its answer ends
the series of failures. So a server that is up but too slow is asked more and more rarely.
"""

from __future__ import annotations

import msgspec

_BASE_S = 5.0
#: A server that came back is found within this time.
_CAP_S = 120.0


class Condition(msgspec.Struct, frozen=True):
    """How the database was found, by whichever process of this home asked last."""

    #: Instant of the last answer, in seconds since the epoch; 0 for never.
    answered_at: float = 0.0
    #: Requests without an answer since then.
    failures: int = 0
    #: Instant of the last failure, and what went wrong.
    failed_at: float = 0.0
    error: str = ""
    #: When to knock again.
    retry_at: float = 0.0
    #: Whether a knock was answered since the last failure.
    is_back: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether work may wait for an answer."""
        return not self.failures or self.is_back

    def is_knock_due(self, now: float) -> bool:
        """Return whether to look if it is back; a clock that was set back delays nothing."""
        return not self.is_usable and not now < self.retry_at <= now + 2 * _CAP_S

    def failed(self, error: str, now: float, jitter: float) -> Condition:
        """Return the condition after a request without an answer.

        Args:
            error: What went wrong, for people.
            now: Seconds since the epoch.
            jitter: Factor of the wait, around 1, so that a team does not knock all at once.
        """
        failures = self.failures + 1
        retry_at = now + wait_s(failures) * jitter
        return Condition(self.answered_at, failures, now, error, retry_at)

    def knocking(self, now: float) -> Condition:
        """Return the condition while somebody knocks: others need not."""
        retry_at = now + wait_s(self.failures)
        return Condition(self.answered_at, self.failures, self.failed_at, self.error, retry_at)

    def back(self) -> Condition:
        """Return the condition after a knock was answered."""
        return Condition(
            self.answered_at, self.failures, self.failed_at, self.error, self.retry_at, is_back=True
        )


def wait_s(failures: int) -> float:
    """Return how long to leave a server alone after so many *failures* on end, in seconds.

    Source:
        Exponential backoff: doubles from 5 s and stops at two minutes.
    """
    return min(_CAP_S, _BASE_S * 2.0 ** min(failures - 1, 20))
