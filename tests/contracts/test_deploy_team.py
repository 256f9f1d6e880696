"""What deploys a team's server is in step with the commands, settings and ports that there are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import msgspec
import pytest
import yaml

from rtkq import cli, config, paths
from rtkq.serve.gate import _LARGEST_BODY_BYTES
from rtkq.team import counts_table
from rtkq_workers.processes import pool

TEAM = Path(__file__).parents[2] / "deploy/team"
KUBERNETES = TEAM / "kubernetes"
UNITS = sorted((TEAM / "systemd").iterdir())
#: Described by what is installed beside a cluster, KEDA, and not by Kubernetes.
_OF_OTHERS = ("keda.sh/v1alpha1", "kustomize.config.k8s.io/v1beta1")


def manifests() -> Iterator[dict[str, Any]]:
    """Yield every document that is deployed to a cluster."""
    for file in sorted(KUBERNETES.glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def of_kind(kind: str) -> list[dict[str, Any]]:
    """Return the documents of a *kind*."""
    return [one for one in manifests() if one["kind"] == kind]


def containers() -> list[dict[str, Any]]:
    """Return every container that runs rtkq in the cluster."""
    pods = [one["spec"]["template"]["spec"] for one in of_kind("Deployment")]
    return [container for pod in pods for container in pod["containers"]]


def composed() -> dict[str, Any]:
    """Return the services of the compose file."""
    services: dict[str, Any] = yaml.safe_load((TEAM / "compose.yaml").read_text())["services"]
    return services


def commands() -> Iterator[list[str]]:
    """Yield the words after ``rtkq`` of everything that is started anywhere."""
    yield from (one["args"] for one in containers())
    yield from (one["command"] for one in composed().values() if one.get("image") == "rtkq")
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=\S+/rtkq (.*)$", unit.read_text(), re.MULTILINE)
        yield shlex.split(line)
    (default,) = re.findall(r"^CMD (\[.*\])$", (TEAM / "Containerfile").read_text(), re.MULTILINE)
    yield yaml.safe_load(default)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_what_is_started_exists(words: list[str]) -> None:
    """With these options, and these values of them."""
    command = cli.group.get_command(click.Context(cli.group), words[0])
    assert command is not None

    context = command.make_context(words[0], words[1:])

    assert context.params["is_server"]


def test_variables_are_settings() -> None:
    """A variable with another name would be an error at the start, or without effect."""
    texts = [file.read_text() for file in TEAM.rglob("*") if file.is_file()]
    named = set().union(*(re.findall(r"\bRTKQ_[A-Z_]+", text) for text in texts)) - {"RTKQ_HOME"}

    settings = msgspec.to_builtins(config.Settings(home=""))
    known = {f"RTKQ_{a}_{b}".upper() for a in settings if a != "home" for b in settings[a]}
    assert {"RTKQ_DATABASE_URL", "RTKQ_SERVE_NAMES", "RTKQ_SERVE_TOKEN"} <= named <= known


def test_ports_are_those_of_the_daemon() -> None:
    """Whoever passes requests on, or looks whether it is well, finds it."""
    port = config.ServeSettings().port
    (served,) = [one for one in containers() if one["name"] == "serve"]

    assert served["ports"] == [{"name": "http", "containerPort": port}]
    assert f"EXPOSE {port}\n" in (TEAM / "Containerfile").read_text()
    assert composed()["proxy"]["environment"]["UPSTREAM"] == f"serve:{port}"
    assert f":{port}/v1/health" in " ".join(composed()["serve"]["healthcheck"]["test"])


def test_probes_ask_what_is_answered() -> None:
    """Under a name that the gate lets in, and for a file that workers write."""
    (worker, serve) = sorted(containers(), key=lambda one: str(one["name"] == "serve"))

    beat = paths.heartbeat_file("$RTKQ_HOME", "worker")
    assert beat in " ".join(worker["livenessProbe"]["exec"]["command"])
    assert (
        beat.replace("$RTKQ_HOME", "/var/lib/rtkq")
        in composed()["worker"]["healthcheck"]["test"][1]
    )
    for probe in ("readinessProbe", "livenessProbe"):
        asked = serve[probe]["httpGet"]
        assert (asked["path"], asked["port"]) == ("/v1/health", "http")
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def test_workers_have_time_to_drain() -> None:
    """Else they are killed in the middle of what they do at each update."""
    (worker,) = [one for one in of_kind("Deployment") if one["metadata"]["name"] == "rtkq-worker"]
    (unit,) = [one.read_text() for one in UNITS if one.name == "rtkq-team-worker.service"]

    graces = [
        worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"],
        int(composed()["worker"]["stop_grace_period"].removesuffix("s")),
        int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]),
    ]
    assert min(graces) > pool._DRAIN_S


def test_containers_have_only_what_they_need() -> None:
    """The cluster lets nothing else in; what they write lies in volumes."""
    for one in containers():
        limits = one["securityContext"]
        assert limits["readOnlyRootFilesystem"]
        assert not limits["allowPrivilegeEscalation"]
        assert limits["capabilities"] == {"drop": ["ALL"]}
        assert {"/var/lib/rtkq", "/tmp"} <= {volume["mountPath"] for volume in one["volumeMounts"]}


def test_secrets_that_are_asked_for_are_in_the_example() -> None:
    """And the example holds none of its own."""
    secrets = {one["metadata"]["name"]: one["stringData"] for one in of_kind("Secret")}
    asked = {
        (
            variable["valueFrom"]["secretKeyRef"]["name"],
            variable["valueFrom"]["secretKeyRef"]["key"],
        )
        for one in containers()
        for variable in one["env"]
        if "valueFrom" in variable
    }

    assert {(name, key) for name, key in asked if key not in secrets[name]} == set()
    assert [text for one in secrets.values() for text in one.values() if "…" not in text] == []


def test_compose_asks_for_nothing_that_the_example_does_not_name() -> None:
    """Copied and filled in, it is enough."""
    named = set(re.findall(r"^([A-Z_]+)=", (TEAM / "env.example").read_text(), re.MULTILINE))

    asked = set(re.findall(r"\$\{([A-Z_]+)", (TEAM / "compose.yaml").read_text()))

    assert asked == named


def test_files_that_are_mounted_exist() -> None:
    """But for those that whoever runs it brings."""
    brought = {"./tls", "./ssh"}
    mounted = {
        volume.partition(":")[0]
        for service in composed().values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    }

    assert {one for one in mounted - brought if not (TEAM / one).exists()} == set()
    assert {one for one in brought if one in mounted} == brought


@pytest.mark.parametrize("document", list(manifests()), ids=lambda one: one["kind"])
def test_kubernetes_understands_the_manifests(document: dict[str, Any]) -> None:
    """Every key and every value, by its own schemas."""
    if document["apiVersion"] in _OF_OTHERS:
        return

    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_autoscaling_scales_what_is_deployed() -> None:
    """With the secret that is there."""
    (scaled,) = of_kind("ScaledObject")
    (authentication,) = of_kind("TriggerAuthentication")
    deployed = {one["metadata"]["name"] for one in of_kind("Deployment")}
    (reference,) = authentication["spec"]["secretTargetRef"]
    (trigger,) = scaled["spec"]["triggers"]

    assert scaled["spec"]["scaleTargetRef"]["name"] in deployed
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert (reference["name"], reference["key"]) == ("rtkq", "RTKQ_DATABASE_URL")


def test_kustomization_names_every_manifest() -> None:
    """But for the example of secrets, which must not overwrite real ones."""
    (kustomization,) = of_kind("Kustomization")
    files = {one.name for one in KUBERNETES.glob("*.yaml")}

    assert set(kustomization["resources"]) == files - {"kustomization.yaml", "secret.example.yaml"}


def test_proxy_lets_bodies_through_that_the_daemon_takes() -> None:
    """And none that are larger."""
    limit = f"{_LARGEST_BODY_BYTES // (1024 * 1024)}"
    (ingress,) = of_kind("Ingress")

    assert f"max_size {limit}MB" in (TEAM / "Caddyfile").read_text()
    assert f"{limit}m" in ingress["metadata"]["annotations"].values()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.name)
def test_systemd_understands_the_units(unit: Path, tmp_path: Path) -> None:
    """For an rtkq that is there."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/rtkq/bin/rtkq", "/bin/true"))

    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_autoscaling_counts_what_the_tables_hold(database: str) -> None:
    """One that owes, one that owes but waits, and one that owes nothing."""
    (scaled,) = of_kind("ScaledObject")
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    with counts_table.PostgresCounts(database, is_publishing=True) as team:
        for number, (owed, retry_at) in enumerate([(1, None), (1, "infinity"), (0, None)]):
            team.connection.execute(
                "INSERT INTO central_project (remote, url, owed_seq, retry_at, fetched_at)"
                " VALUES (%s, '', %s, %s, now())",
                (str(number), owed, retry_at),
            )

        assert team.connection.execute(query).fetchall() == [(1,)]


def test_statement_of_the_how_to_lets_machines_contribute(database: str) -> None:
    """All that contributing needs, of the tables that there are."""
    granted = (TEAM / "postgres/counts.sql").read_text()
    named = re.findall(r"ON ([\w, ]+) TO", granted)[0].split(", ")

    assert tuple(named) == counts_table._TABLES
