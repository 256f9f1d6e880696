"""Run benchmarks by name: ``python -m tests.benchmarks [NAME]... [--quick]``.

Without a name those run that need nothing but this repository.

What is left over goes to each of them: ``python -m tests.benchmarks build_rate ~/src/shop``.
"""

from __future__ import annotations

import argparse
from importlib import import_module

_NAMES = (
    *("hook_latency", "serve_hook", "recall_cpu", "save_to_fresh", "build_rate", "footprint"),
    "load",
)
#: Run by name only: they need repositories or servers that are no part of this one.
_NAMED_ONLY = ("locate", "team")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    known = (*_NAMES, *_NAMED_ONLY)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--quick", action="store_true", help="small and short")
    options, rest = parser.parse_known_args()
    names = [name for name in options.names if name in known]
    rest += [word for word in options.names if word not in known]
    if rest and len(names) != 1:
        parser.error(f"{' '.join(rest)}: no benchmark, nor an argument of a single one")
    for name in names or _NAMES:
        quick = ["--quick"] if options.quick else []
        import_module(f"tests.benchmarks.{name}").main([*quick, *rest])


if __name__ == "__main__":
    main()
