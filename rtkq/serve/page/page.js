import { treemap } from "./treemap.js";

const TOKEN = new URLSearchParams(location.hash.slice(1)).get("token");
const HEADERS = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
const RETRY_MS = 2000;
// Each signal of recall in plain words, and always in the same colour.
const SIGNALS = {
  mention: ["the task names it", "#b0567f"],
  definers: ["it defines what the task names", "#a5342a"],
  chunk: ["a definition fits", "#2f6f5e"],
  content: ["its words fit", "#2c5d8f"],
  path: ["its path fits", "#3f9aa5"],
  neighbours: ["commits like the task touched it", "#8a8f2a"],
  history: ["messages of its commits fit", "#7b5ea7"],
  churn: ["it changes often", "#c77b30"],
};
// What is less is no reason.
const LEAST_SHARE = 0.005;
const $ = (id) => document.getElementById(id);

let chosen = null;

// -- asking ----------------------------------------------------------------------------------

async function ask(path, body) {
  const response = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: body ? { "Content-Type": "application/json", ...HEADERS } : HEADERS,
    body: body && JSON.stringify(body),
  });
  const document = await response.json();
  if (!response.ok) throw new Error([document.error.message, document.error.hint].filter(Boolean).join(": "));
  return document;
}

async function watch() {
  for (;;) {
    try {
      const response = await fetch("/v1/live", { headers: HEADERS });
      if (!response.ok) throw new Error(response.status === 401 ? "a token is needed: add #token=… to the address" : response.statusText);
      for await (const document of events(response.body)) show(document);
      verdict("ill", "the daemon ended; waiting for it");
    } catch (error) {
      verdict("ill", error instanceof TypeError ? "rtkq serve does not answer; waiting for it" : error.message);
    }
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield JSON.parse(part.slice(6));
  }
}

// -- the whole -------------------------------------------------------------------------------

function show(now) {
  if (now.error) return verdict("ill", now.error);
  showProcesses(now);
  const { today } = now;
  $("spawns").textContent = today.spawns;
  $("injection").textContent = percent(today.injection_rate);
  $("hits").textContent = percent(today.hit_rate);
  fill($("latency"), milliseconds(today.latency_ms.p50), small(` / ${milliseconds(today.latency_ms.p95)}`));
  fill($("rebuilds"), now.rebuilds.count, small(now.rebuilds.failed ? ` ${now.rebuilds.failed} failed` : ""));
  fill($("queue"), now.queue.depth, small(" waiting"));
  showMinutes(now.minutes);
  showHistogram(now.histogram);
  showProjects(now.projects);
  showLast(now.last);
}

function showProcesses(now) {
  const names = { watch: "watcher", worker: "workers" };
  fill($("processes"), ...Object.entries(names).map(([kind, name]) => {
    const alive = now.processes[kind]?.is_alive;
    return element("li", alive ? "alive" : "dead", `${name} ${alive ? "alive" : now.processes[kind] ? "dead" : "not running"}`);
  }));
  verdict(now.verdict.level, now.verdict.text);
}

function verdict(kind, text) {
  $("verdict").className = kind;
  if ($("verdict").textContent !== text) $("verdict").textContent = text;
}

function showMinutes(minutes) {
  const most = Math.max(1, ...minutes.map((one) => one.spawns));
  const wide = 600 / minutes.length;
  fill($("minutes"), ...minutes.flatMap((one, at) => {
    const given = (one.injected / most) * 112, bare = ((one.spawns - one.injected) / most) * 112;
    const title = `${clock(one.at)}: ${one.spawns} spawns, ${one.injected} with context`;
    return one.spawns ? [
      bar(at * wide, 120 - given - bare, wide - 1, bare, "bare", title),
      bar(at * wide, 120 - given, wide - 1, given, "given", title),
    ] : [];
  }));
}

function showHistogram(slots) {
  const most = Math.max(1, ...slots.map((one) => one.calls));
  const wide = 600 / Math.max(slots.length, 12);
  fill($("histogram"), ...slots.map((one, at) => {
    const high = (one.calls / most) * 112;
    return bar(at * wide, 120 - high, wide - 1, high, "given", `up to ${milliseconds(one.limit_ms)}: ${one.calls}`);
  }));
  const ends = slots.length ? [slots[0], slots.at(-1)] : [];
  fill($("histogram-scale"), ...ends.map((one) => element("span", "", milliseconds(one.limit_ms))));
}

// -- projects --------------------------------------------------------------------------------

function showProjects(projects) {
  $("no-projects").hidden = projects.length > 0;
  const body = $("projects").tBodies[0];
  const rows = new Map([...body.rows].map((row) => [row.dataset.root, row]));
  projects.forEach((project, at) => {
    const row = rows.get(project.project) ?? newRow(project.project);
    rows.delete(project.project);
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
    fillRow(row, project);
  });
  rows.forEach((row) => row.remove());
  if (!chosen && projects.length) choose(projects.find((one) => one.state !== "missing")?.project ?? projects[0].project);
}

function newRow(root) {
  const row = $("project-row").content.cloneNode(true).firstElementChild;
  row.dataset.root = root;
  const button = row.querySelector("button");
  button.textContent = root;
  button.addEventListener("click", () => choose(root, true));
  return row;
}

function fillRow(row, project) {
  const [name, state, indexed, files, backlog, lag] = row.cells;
  name.querySelector(".error")?.remove();
  if (project.last_error) name.append(element("span", "error", project.last_error));
  row.setAttribute("aria-selected", String(project.project === chosen));
  state.firstElementChild.className = `state ${project.state}`;
  state.firstElementChild.textContent = project.state;
  const cells = [[indexed, "indexed", ago(project.age_s)], [files, "files", project.files], [backlog, "backlog", project.backlog], [lag, "lag", project.backlog ? span(project.lag_s) : "–"]];
  for (const [cell, label, text] of cells) {
    cell.dataset.name = label;
    cell.textContent = text;
  }
}

async function choose(root, isWished = false) {
  chosen = root;
  $("chosen").hidden = false;
  $("chosen-name").textContent = root;
  fill($("answer"));
  for (const row of $("projects").tBodies[0].rows) row.setAttribute("aria-selected", String(row.dataset.root === root));
  if (isWished) $("task").focus();
  try {
    const picture = await ask(`/v1/picture?project_root=${encodeURIComponent(root)}`);
    if (chosen === root) showPicture(picture);
  } catch (error) {
    fill($("picture"), element("p", "empty", error.message));
  }
}

// -- a picture of one project ----------------------------------------------------------------

function showPicture({ places, imports }) {
  const width = Math.max(320, $("picture").clientWidth), height = Math.max(240, $("picture").clientHeight);
  const boxes = treemap(places.map((place) => place.lines), width, height);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "list", "aria-label": "Folders" });
  const groups = places.map((place, at) => {
    const box = boxes[at];
    const group = shape("g", { role: "listitem", tabindex: "0", "aria-label": told(place, at, places, imports) });
    const rect = shape("rect", { x: box.x, y: box.y, width: box.w, height: box.h, rx: 4 });
    rect.style.fill = colour(place.heat);
    group.append(titled(rect, told(place, at, places, imports)), ...label(place.path || "/", box));
    return group;
  });
  const arrows = shape("g", {});
  groups.forEach((group, at) => {
    for (const event of ["pointerenter", "focus"]) group.addEventListener(event, () => light(at, imports, groups, arrows, boxes));
    for (const event of ["pointerleave", "blur"]) group.addEventListener(event, () => light(-1, imports, groups, arrows, boxes));
  });
  svg.append(...groups, arrows);
  fill($("picture"), svg);
}

function told(place, at, places, imports) {
  const names = (list, key) => list.slice(0, 4).map((one) => places[one[key]].path || "/").join(", ");
  const by = imports.filter((one) => one.to === at), of = imports.filter((one) => one.from === at);
  return [
    `${place.path || "/"}: ${place.files} files, ${place.lines} lines`,
    by.length ? `imported by ${names(by, "from")}` : "",
    of.length ? `imports ${names(of, "to")}` : "",
  ].filter(Boolean).join("\n");
}

function label(path, box) {
  const room = Math.floor((box.w - 10) / 6.4);
  if (room < 4 || box.h < 18) return [];
  const text = shape("text", { x: box.x + 6, y: box.y + 15 });
  text.textContent = path.length > room ? `…${path.slice(1 - room)}` : path;
  return [text];
}

function light(at, imports, groups, arrows, boxes) {
  groups.forEach((group) => group.removeAttribute("class"));
  const lines = imports.filter((one) => one.from === at || one.to === at).map((one) => {
    const kind = one.to === at ? "in" : "out";
    groups[kind === "in" ? one.from : one.to].setAttribute("class", kind);
    return shape("path", { class: kind, d: arc(boxes[one.from], boxes[one.to]) });
  });
  fill(arrows, ...lines);
}

function arc(from, to) {
  const [ax, ay, bx, by] = [from.x + from.w / 2, from.y + from.h / 2, to.x + to.w / 2, to.y + to.h / 2];
  return `M${ax} ${ay}Q${(ax + bx) / 2 + (by - ay) / 5} ${(ay + by) / 2 - (bx - ax) / 5} ${bx} ${by}`;
}

function colour(heat) {
  const style = getComputedStyle(document.documentElement);
  const [cool, warm] = ["--cool", "--warm"].map((name) => style.getPropertyValue(name).trim().split(" ").map(Number));
  const part = Math.sqrt(heat);
  return `rgb(${cool.map((value, at) => Math.round(value + (warm[at] - value) * part)).join(" ")})`;
}

// -- what a subagent would be told -----------------------------------------------------------

async function plan(event) {
  event.preventDefault();
  const task = $("task").value.trim();
  if (!task || !chosen) return;
  try {
    showPlan(await ask("/v1/plan", { project_root: chosen, task, top: 8, trace: true }));
  } catch (error) {
    fill($("answer"), element("p", "error", error.message));
  }
}

function showPlan(found) {
  if (!found.files.length) return fill($("answer"), element("p", "empty", "Nothing in this project is about that."));
  const list = element("ol", "");
  list.append(...found.files.map(planned));
  const whole = element("details", "");
  whole.append(element("summary", "", `the whole text: ${found.tokens} tokens, ${found.elapsed_ms} ms, ${found.state}`), element("pre", "", found.text));
  fill($("answer"), list, whole);
}

function planned(file) {
  const item = element("li", "");
  const head = element("div", "head");
  head.append(element("span", "path", file.path), element("span", file.state === "fresh" ? "why" : "why changed", file.state === "fresh" ? file.score.toFixed(3) : `${file.score.toFixed(3)}, changed since indexed`));
  const bars = element("div", "shares");
  bars.setAttribute("aria-hidden", "true");
  bars.append(...file.why.map((signal) => {
    const part = element("i", "");
    part.style.width = `${100 * file.shares[signal]}%`;
    part.style.background = colourOf(signal);
    return part;
  }));
  const why = element("ul", "why");
  const telling = file.why.filter((signal) => file.shares[signal] >= LEAST_SHARE);
  why.append(...telling.map((signal) => reason(signal, file.shares[signal])));
  const symbols = element("ul", "symbols");
  symbols.append(...file.symbols.slice(0, 4).map((one) => element("li", "path", `${one.line}  ${one.name}`)));
  item.append(head, bars, why, symbols);
  return item;
}

function reason(signal, share) {
  const item = element("li", "key", `${SIGNALS[signal]?.[0] ?? signal} ${share.toFixed(2)}`);
  item.style.setProperty("--key", colourOf(signal));
  item.title = signal;
  return item;
}

const colourOf = (signal) => SIGNALS[signal]?.[1] ?? "#777";

// -- the last contexts -----------------------------------------------------------------------

function showLast(contexts) {
  $("no-last").hidden = contexts.length > 0;
  fill($("last"), ...contexts.map((one) => {
    const item = element("li", "");
    const about = element("div", "about", `${clock(one.at)} · ${one.type} in ${one.project.split("/").pop()} · ${one.files} files, ${one.tokens} tokens, ${one.elapsed_ms} ms · memory ${one.state}`);
    about.title = one.project;
    const paths = element("div", "path");
    one.paths.forEach((path, at) => {
      const isOpened = one.opened?.includes(path);
      paths.append(at ? ", " : "", element("span", isOpened ? "opened" : "", isOpened ? `✓ ${path}` : path));
    });
    if (one.files > one.paths.length && one.paths.length) paths.append(" …");
    item.append(about, paths);
    if (one.opened) item.append(element("div", "about", one.opened.length ? `then opened: ${one.opened.slice(0, 8).join(", ")}` : "then opened no file"));
    return item;
  }));
}

// -- making elements -------------------------------------------------------------------------

function element(name, kind, text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function titled(made, text) {
  const title = shape("title", {});
  title.textContent = text;
  made.append(title);
  return made;
}

const bar = (x, y, width, height, kind, title) => titled(shape("rect", { x, y, width: Math.max(width, 1), height: Math.max(height, 0), class: kind }), title);
const fill = (place, ...parts) => place.replaceChildren(...parts.map((part) => part instanceof Node ? part : String(part)));
const small = (text) => element("small", "", text);
const percent = (rate) => (rate === null ? "–" : `${(100 * rate).toFixed(rate === 1 ? 0 : 1)} %`);
const milliseconds = (ms) => (ms === null ? "–" : ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const ago = (seconds) => (seconds === null ? "never" : `${span(seconds)} ago`);

function span(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= 2 * length) return `${Math.round(seconds / length)} ${unit}`;
  return `${Math.round(seconds)} s`;
}

// -- begin -----------------------------------------------------------------------------------

$("ask").addEventListener("submit", plan);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input") && !$("chosen").hidden) {
    event.preventDefault();
    $("task").focus();
  }
});
watch();
