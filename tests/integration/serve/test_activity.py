"""What the page shows is what happened."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon
from tests.integration.serve.test_hook import spawn


def events(daemon: Daemon) -> Any:
    """Yield the documents that the daemon sends to whoever watches."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    connection.request("GET", "/v1/live")
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    try:
        while line := stream.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
    finally:
        connection.close()


def test_spawns_are_seen_as_they_happen(daemon: Daemon, project: Checkout) -> None:
    """Counted, put into their minute, and told with the files that were named."""
    seen = events(daemon)
    before = next(seen)

    daemon.post("/v1/hook/claude-code", **spawn(project.root, "refresh the session"))
    after = next(now for now in seen if now["today"]["spawns"])

    assert before["today"]["spawns"] == 0
    assert after["today"]["injection_rate"] == 1.0
    assert sum(minute["spawns"] for minute in after["minutes"]) == 1
    assert len(after["minutes"]) == 60
    assert sum(slot["calls"] for slot in after["histogram"]) == 1
    (last,) = after["last"]
    assert (last["project"], last["paths"][0]) == (project.root, "src/session.py")
    assert "refresh" not in json.dumps(last).replace("src/session.py", "")


def test_ending_does_not_wait_for_those_who_watch(daemon: Daemon, project: Checkout) -> None:
    """They are told to look for the next daemon."""
    seen = events(daemon)
    next(seen)

    assert daemon.stop() == 0
    assert list(seen) == []


def test_picture_shows_folders_and_their_imports(daemon: Daemon, project: Checkout) -> None:
    """Every file is in one place, and an import between two places is an arrow."""
    project.write("web/form.ts", 'import { openLogin } from "./parts/login";\nopenLogin();\n')
    project.write("web/parts/login.ts", "export function openLogin(): void {}\n")
    daemon.post("/v1/refresh", project_root=project.root)

    found = daemon.ask("GET", f"/v1/picture?project_root={project.root}").json

    paths = [place["path"] for place in found["places"]]
    assert paths == ["*", "src", "tests", "web/*", "web/parts"]
    assert sum(place["files"] for place in found["places"]) == 7
    assert found["imports"] == [{"from": 3, "to": 4, "imports": 1}]


def test_parts_of_the_page_come_with_a_policy_that_shuts_others_out(daemon: Daemon) -> None:
    """Nothing from elsewhere, nothing to elsewhere; and no other file of the folder."""
    for path in ("/", "/page/page.js", "/page/page.css", "/page/treemap.js", "/page/mark.svg"):
        answer = daemon.ask("GET", path)

        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path in ("/page/index.html", "/page/..%2fapp.py", "/page/nothing.js"):
        assert daemon.ask("GET", path).status == 404
