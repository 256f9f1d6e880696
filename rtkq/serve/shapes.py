"""What requests and answers hold: the source of the checks and of the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

# JSON has numbers alone: to it 100 and 100.0 are the same, and a client may write either.
_Budget = Annotated[
    float, Meta(ge=50, le=1_000_000, multiple_of=1, description="tokens of 4 characters")
]
_Top = Annotated[float, Meta(ge=1, le=1000, multiple_of=1)]
#: No system opens a longer path, and following one folder by folder would take seconds.
LONGEST_PATH = 4096
_Root = Annotated[
    str,
    Meta(min_length=1, max_length=LONGEST_PATH, description="a folder of a registered project"),
]
_QueryType = Literal["general", "bugfix", "feature", "refactor", "incident"]


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request."""

    project_root: _Root


class RecallRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that a memory of the team's can answer as well."""

    project_root: _Root | None = None
    remote: (
        Annotated[str, Meta(min_length=1, description="asked where project_root is not known")]
        | None
    ) = None
    commit: Annotated[str, Meta(description="what is worked on, of remote")] = ""


class PlanRequest(RecallRequest, frozen=True, kw_only=True):
    """What `POST /v1/plan` is asked."""

    task: str
    budget: _Budget | None = None
    top: _Top | None = None
    trace: bool = False


class ExploreRequest(RecallRequest, frozen=True):
    """What `POST /v1/explore` is asked."""

    query_type: _QueryType | None = None
    #: Tells the query type where none is given.
    task: str | None = None
    detail: Literal["compact", "normal", "verbose"] = "normal"
    budget: _Budget | None = None
    strict: bool = False


class DeltaRequest(_Request, frozen=True):
    """What `POST /v1/delta` is asked."""

    since: str | None = None


class RefreshRequest(_Request, frozen=True):
    """What `POST /v1/refresh` is asked."""

    full: bool = False


class Pushed(msgspec.Struct, frozen=True):
    """A repository, as git servers tell of it; by any of its addresses."""

    clone_url: str = ""
    ssh_url: str = ""
    git_http_url: str = ""
    git_ssh_url: str = ""


class Announcement(msgspec.Struct, frozen=True):
    """What `POST /v1/webhook` is told: an address, or what a git server sends of a push."""

    url: str = ""
    repository: Pushed = Pushed()
    project: Pushed = Pushed()

    @property
    def addresses(self) -> list[str]:
        """All that may be the address of the repository, the likeliest first."""
        told = (msgspec.structs.astuple(one) for one in (self.project, self.repository))
        return [one for each in (*told, (self.url,)) for one in each if one]


class Announced(msgspec.Struct, frozen=True):
    """What `POST /v1/webhook` answers."""

    command: Literal["announce"]
    remote: str


class Symbol(msgspec.Struct, frozen=True):
    """A definition that a context names."""

    name: str
    kind: str
    line: int
    signature: str


class RankedFile(msgspec.Struct, frozen=True):
    """A file that a context names."""

    path: str
    score: float
    state: Literal["fresh", "changed"]
    why: list[str]
    symbols: list[Symbol]
    shares: dict[str, float] = {}


class PlanAnswer(msgspec.Struct, frozen=True):
    """What `POST /v1/plan` answers."""

    command: Literal["plan"]
    project: str
    state: str
    generation: int
    indexed_at: str
    budget_tokens: int
    tokens: int
    elapsed_ms: float
    files: list[RankedFile]
    text: str


class ChangedFile(msgspec.Struct, frozen=True):
    """A file and what happened to it."""

    path: str
    change: Literal["added", "modified", "removed"]


class Delta(msgspec.Struct, frozen=True):
    """How many files changed, and which."""

    added: int
    modified: int
    removed: int
    files: list[ChangedFile]


class DeltaAnswer(Delta, frozen=True):
    """What `POST /v1/delta` answers."""

    command: Literal["delta"]
    project: str
    since: str | None


class Stats(msgspec.Struct, frozen=True):
    """How large a memory is, and how much of it the last rebuild could reuse."""

    files: int
    bytes: int
    reused: int
    rebuilt: int


class Graph(msgspec.Struct, frozen=True):
    """Files, and the edges between them."""

    nodes: int
    edges: int


class ExploreAnswer(msgspec.Struct, frozen=True):
    """What `POST /v1/explore` answers."""

    command: Literal["explore"]
    project: str
    state: str
    generation: int
    indexed_at: str
    query_type: str
    stats: Stats
    graph: Graph
    delta: Delta
    context: dict[str, str]


class ProjectStatus(msgspec.Struct, frozen=True):
    """The state of one project."""

    project: str
    state: str
    generation: int
    indexed_at: str | None
    age_s: float | None
    files: int
    skipped: int
    given_up: list[str]
    backlog: int
    lag_s: float
    attempts: int
    last_error: str


class StatusAnswer(msgspec.Struct, frozen=True):
    """What `GET /v1/status` answers."""

    projects: list[ProjectStatus]
    processes: dict[str, Any]
    team: dict[str, Any] | None


class Place(msgspec.Struct, frozen=True):
    """A folder of a project, with all that lies in it or, as `*`, what lies right in it."""

    path: str
    files: int
    lines: int
    heat: float


class Arrow(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """How many imports lead from one place to another, by their positions."""

    from_: int
    to: int
    imports: int


class Picture(msgspec.Struct, frozen=True):
    """What `GET /v1/picture` answers."""

    command: Literal["picture"]
    project: str
    places: list[Place]
    imports: list[Arrow]


class Health(msgspec.Struct, frozen=True):
    """What `GET /v1/health` answers."""

    status: Literal["ok"]
    version: str
    pid: int
    uptime_s: float


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, and what can be done about it."""

    kind: str
    message: str
    hint: str


class ErrorAnswer(msgspec.Struct, frozen=True):
    """What any request that fails is answered."""

    error: Problem
