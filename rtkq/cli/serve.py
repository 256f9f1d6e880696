"""``rtkq serve``: the HTTP daemon and its page."""

from __future__ import annotations

import os
import sys

import click

from rtkq import config, paths
from rtkq.cli import options
from rtkq.errors import ExtraMissing


@click.command("serve")
@click.option("--host", help="Address to listen on; default: serve.host, 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; default: serve.port, 7700; 0 for any."
)
@click.option("--socket", "socket_path", metavar="PATH", help="Unix socket, beside the port.")
@click.option("--server", "is_server", is_flag=True, help="Answer a team: each bears a token.")
@options.verbose_option
@options.quiet_option
def command(
    host: str | None,
    port: int | None,
    socket_path: str | None,
    is_server: bool,
    verbose: int,
    quiet: bool,
) -> None:
    """Answer over HTTP: hooks without a process, the commands, and a page to look at.

    Only this machine is answered unless a token is set. SIGHUP reads the settings again.
    Example:

        rtkq serve --port 7700
    """
    try:
        from rtkq.serve import run, sockets
        from rtkq.serve.service import Service
    except ModuleNotFoundError as error:
        raise ExtraMissing("rtkq serve", "serve", error.name or "uvicorn") from error

    options.log_to_stderr(verbose, quiet)
    settings = config.load()
    listening = sockets.handed_over()
    if not listening:
        serve = settings.serve
        tcp = sockets.tcp(
            host or serve.host,
            serve.port if port is None else port,
            has_token=bool(serve.token) or is_server,
        )
        unix = sockets.unix(os.path.abspath(socket_path or paths.serve_socket(settings.home)))
        listening = [tcp, unix]
    places = [] if quiet else [sockets.told(one) for one in listening]

    def tell() -> None:
        for place in places:
            click.echo(f"rtkq: serving on {place}", err=True)

    sys.exit(run.run(Service(settings, is_server=is_server), listening, on_ready=tell))
