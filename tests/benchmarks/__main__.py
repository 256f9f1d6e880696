"""Run benchmarks by name: ``python -m tests.benchmarks [NAME]... [--quick]``, all without a name.

What is left over goes to each of them: ``python -m tests.benchmarks build_rate ~/src/shop``.
"""

from __future__ import annotations

import argparse
from importlib import import_module

_NAMES = ("hook_latency", "recall_cpu", "save_to_fresh", "build_rate")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_NAMES)}")
    parser.add_argument("--quick", action="store_true", help="small and short")
    options, rest = parser.parse_known_args()
    names = [name for name in options.names if name in _NAMES]
    rest += [word for word in options.names if word not in _NAMES]
    if rest and len(names) != 1:
        parser.error(f"{' '.join(rest)}: no benchmark, nor an argument of a single one")
    for name in names or _NAMES:
        quick = ["--quick"] if options.quick else []
        import_module(f"tests.benchmarks.{name}").main([*quick, *rest])


if __name__ == "__main__":
    main()
