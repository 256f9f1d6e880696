"""The logs that launchd writes, kept from growing: macOS has nobody else who does it for a user.

systemd hands what a service says to its journal, which has limits of its own.
"""

from __future__ import annotations

import glob
import os
import shutil
from contextlib import suppress

FOLDER = "~/Library/Logs/rtkq"
#: Where the agents under ``deploy/`` let launchd write.
DEPLOYED = "/usr/local/var/log/rtkq"
#: What a shortened log held before is kept beside it, until the next time.
OLD = ".old"
#: A log beyond this is shortened; with the one before all take twice as much, in bytes.
MOST_BYTES = 4 * 1024 * 1024


def shorten(most_bytes: int = MOST_BYTES) -> None:
    """Begin those logs anew that hold more than *most_bytes*; what they held stays beside them.

    launchd has them open for appending, so they are copied and emptied rather than moved; a line
    that is written in between may be lost.
    """
    folders = (os.path.expanduser(FOLDER), DEPLOYED)
    for log in (log for folder in folders for log in glob.glob(f"{glob.escape(folder)}/*.log")):
        with suppress(OSError):  # a full disk, or another user's: tried again soon
            if os.path.getsize(log) > most_bytes:
                shutil.copyfile(log, log + OLD)
                os.truncate(log, 0)
