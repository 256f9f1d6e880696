"""What part a file plays, told by its path: source, test, or beside the point of most tasks."""

from __future__ import annotations

import re
from functools import lru_cache

from rtkq.recall.layout import ROLE_ASIDE, ROLE_SOURCE, ROLE_TEST

_TEST = re.compile(
    r"""(^|/)(tests?|testing|testdata|__tests__|specs?|e2e|fixtures?|benches|benchmarks?|fuzz
        |androidtest|[a-z]*test)/
      | (^|/)(test_[^/]*|conftest)\.py$ | _test\.(go|py|rs|rb|cc|cpp)$ | (^|/)tests?\.\w+$
      | \.(test|spec|bench)(-d)?\.[cm]?[jt]sx?$ | tests?\.(java|kt|cs|swift|scala|php)$
      | _spec\.rb$ | -test\.(cc|cpp|js|ts)$""",
    re.IGNORECASE | re.VERBOSE,
)
_ASIDE = re.compile(
    r"""(^|/)(docs?|docs_src|documentation|examples?|samples?|demos?|deps|vendor|vendored
        |third_party|node_modules|dist|www|website|assets|changelog\.d|playground|\.[^/]+)/
      | (^|/)(changelog|changes|history|license|licence|authors|contributing|readme)[^/]*$
      | (^|/)(_?version|__version__)\.\w+$ | (^|/)setup\.py$
      | \.(md|mdx|rst|adoc|txt|json5?|ya?ml|toml|ini|cfg|conf|properties|xml|xsd|csv|gradle)$
      | (^|/)\.[^/]+$ | (^|/)(makefile|dockerfile)[^/]*$""",
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=256)  # each part of the index asks about a file anew
def role_of(path: str) -> int:
    """Return the role of the file at *path*, relative to its root."""
    if _TEST.search(path):
        return ROLE_TEST
    return ROLE_ASIDE if _ASIDE.search(path) else ROLE_SOURCE
