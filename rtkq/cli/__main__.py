"""``python -m rtkq.cli`` is ``rtkq``, for processes that must run under this interpreter."""

from rtkq.cli import main

main()
