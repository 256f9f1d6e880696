"""OpenCode: it has no hooks in its settings, but loads scripts; ours asks the hook."""

from __future__ import annotations

import json
from collections.abc import Callable

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call, Reading, State

#: The script that OpenCode loads. Whatever goes wrong in it, the call goes on as it was.
_SCRIPT = """\
// rtkq-hook for OpenCode, written by `rtkq init`; `rtkq init --uninstall` removes it.
import { spawn } from "node:child_process"

const command = %(command)s
const timeout = %(timeout_ms)d

function ask(document) {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-c", command], { stdio: ["pipe", "pipe", "ignore"], timeout })
    let answer = ""
    child.stdout.setEncoding("utf8")
    child.stdout.on("data", (text) => { answer += text })
    child.stdin.on("error", () => {})
    child.on("error", () => resolve("{}"))
    child.on("close", () => resolve(answer || "{}"))
    child.stdin.end(JSON.stringify(document))
  })
}

async function answerTo(document) {
  try {
    return JSON.parse(await ask(document))
  } catch {
    return {}
  }
}

export const Rtkq = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    if (input.tool !== "task") return
    const answer = await answerTo({
      tool: input.tool,
      session_id: input.sessionID,
      cwd: directory,
      subagent_type: output.args.subagent_type,
      prompt: output.args.prompt,
    })
    if (answer.deny) throw new Error(answer.deny)
    if (answer.prompt) output.args.prompt = answer.prompt
  },
})
"""
_MARK = "rtkq-hook"


class Script:
    """The form of a file that is ours alone."""

    def written(self, text: str | None, call: Call) -> str:
        """Return the script.

        Raises:
            ValueError: *text* is somebody else's.
        """
        if text is not None and _MARK not in text:
            raise ValueError("it is a script that rtkq did not write")
        return _SCRIPT % {"command": json.dumps(call.command), "timeout_ms": call.timeout_ms}

    def removed(self, text: str) -> str | None:
        """Return nothing, unless *text* is somebody else's."""
        return None if _MARK in text else text

    def read(self, text: str, call_for: Callable[[str], Call]) -> Reading:
        """Return whether *text* is our script of this version."""
        if _MARK not in text:
            return Reading(State.ABSENT)
        if text != self.written(text, call_for("command")):
            return Reading(State.OUTDATED, "written by another version or by hand")
        return Reading(State.COMPLETE)


AGENT = Agent(
    name="opencode",
    title="OpenCode",
    folder=".config/opencode",
    variable="OPENCODE_CONFIG_DIR",
    files={Scope.USER: "plugins/rtkq.js", Scope.PROJECT: ".opencode/plugins/rtkq.js"},
    form=Script(),
    program="opencode",
    is_observed=True,
)
