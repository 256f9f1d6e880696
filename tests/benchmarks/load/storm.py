"""A storm: a process that rewrites files of one folder without pause, as a build or a codemod does.

This file is a program as well, ``storm.py FOLDER FILES RATE``, so that it takes nothing from who
measures; at SIGTERM it prints how many files it wrote.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Below the root of the project.
FOLDER = "storm"
_A_FOLDER = 100
_TICK_S = 0.05


def write_all(folder: Path, files: int) -> None:
    """Write the files before the storm."""
    for number in range(files):
        _write(folder, number, turn=0)


@contextmanager
def blowing(root: Path, files: int, rate: float) -> Iterator[list[int]]:
    """Rewrite *files* files of the project at *root*, *rate* times a second, during the block.

    Yields:
        A list that holds, after the block, how many files were written.
    """
    words = [str(root / FOLDER), str(files), str(rate)]
    command = [sys.executable, __file__, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    written: list[int] = []
    try:
        yield written
    finally:
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate()
        written.append(int(told or 0))


def _write(folder: Path, number: int, turn: int) -> None:
    file = folder / f"d{number // _A_FOLDER}" / f"part{number}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"def stormy_{number}_{turn}(value):\n    return value + {turn}\n\n\n" * 10)


def _blow(folder: Path, files: int, rate: float) -> None:
    is_over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: is_over.append(number))
    chance = random.Random("storm")
    began = time.monotonic()
    written = 0
    while not is_over:
        while written < (time.monotonic() - began) * rate and not is_over:
            _write(folder, chance.randrange(files), turn=written)
            written += 1
        time.sleep(_TICK_S)
    print(written)


if __name__ == "__main__":
    _blow(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
