"""The HTTP face of rtkq: the commands, the hook without a process, a page to look at."""
