/*
 * page.js: shows what blockgate is doing; changes nothing.
 *
 * Whatever comes from the daemon becomes text, never markup: initiators choose their names.
 */
"use strict";

const EVERY_MS = 2000, WINDOW_S = 300, EVENTS_MAX = 50, LUNS_DRAWN_MAX = 200, ROWS_MAX = 500;
const RATES = ["read_bytes", "write_bytes", "read_ops", "write_ops"];
const byId = (id) => document.getElementById(id);

// --- text ---

function scaled(value, units, step) {
  let i = 0;
  while (value >= step && i < units.length - 1) { value /= step; i++; }
  return `${value >= 100 || i === 0 ? Math.round(value) : value.toFixed(1)} ${units[i]}`;
}
const bytes = (n) => scaled(n, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024);
const count = (n) => scaled(n, ["", "k", "M"], 1000).trim();
const when = (text) => new Date(text).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });

function duration(s) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const i = Math.max(0, parts.findIndex(([n]) => s >= n));
  return parts.slice(i, i + 2).map(([n, unit]) => { const part = Math.floor(s / n); s -= part * n; return `${part} ${unit}`; }).join(" ");
}

function fill(id, rows, empty) {
  const columns = byId(id).parentElement.tHead.rows[0].cells;
  const shown = rows.slice(0, ROWS_MAX);
  if (rows.length > ROWS_MAX) shown.push([`… and ${rows.length - ROWS_MAX} more`]);
  if (rows.length === 0) shown.push([empty]);
  byId(id).replaceChildren(...shown.map((cells) => {
    const tr = document.createElement("tr");
    cells.forEach((cell, i) => {
      const td = tr.insertCell();
      td.textContent = typeof cell === "object" ? cell.text : cell;
      td.className = (typeof cell === "object" ? cell.style : "") + (columns[i].className ? " " + columns[i].className : "");
      if (cells.length === 1) { td.colSpan = columns.length; td.className = "quiet"; }
    });
    return tr;
  }));
}

// --- calls ---

const token = () => sessionStorage.getItem("token");
class Refused extends Error {}

async function batch(calls) {
  const headers = { "Content-Type": "application/json" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  const reply = await fetch("rpc", {
    method: "POST", headers, cache: "no-store", credentials: "omit",
    body: JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params }))),
    signal: AbortSignal.timeout(20000),
  });
  if (reply.status === 401 || reply.status === 403) throw new Refused();
  if (!reply.ok) throw new Error(`it answers with status ${reply.status}`);
  return (await reply.json()).map((answer) => answer.result || null);
}

// --- the last five minutes ---

const history = new Map(); // "" for all LUNs, "target/number": {last, points of [time, …RATES]}

function note(name, time, io) {
  let h = history.get(name);
  if (!h) {
    if (history.size > LUNS_DRAWN_MAX) return;
    history.set(name, (h = { last: null, points: [] }));
  }
  if (h.last) {
    const s = time - h.last.time;
    const grown = RATES.map((rate) => io[rate] - h.last.io[rate]);
    // Less than before: it was started anew, or a LUN went. Nothing is known of that step.
    h.points.push([time, ...grown.map((n) => (grown.some((g) => g < 0) || s <= 0 ? null : n / s))]);
  }
  h.last = { time, io };
  while (h.points.length && h.points[0][0] < time - WINDOW_S) h.points.shift();
}

const charts = {};

function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}

function chart(id, text) {
  const colour = colours();
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
  const series = (label, stroke) => ({ label, stroke, width: 2, points: { show: false }, value: (_, v) => (v === null ? "" : text(v)) });
  const place = byId(id);
  return new uPlot({
    width: place.clientWidth || 400, height: 200,
    scales: { y: { range: (_, low, high) => [0, Math.max(1, (high || 0) * 1.1)] }, x: { range: () => { const now = Date.now() / 1000; return [now - WINDOW_S, now]; } } },
    axes: [axis, { ...axis, size: 78, values: (_, values) => values.map(text) }],
    series: [{ label: "Time" }, series("read", colour("--accent")), series("written", colour("--second"))],
  }, [[], [], []], place);
}

function draw() {
  const h = history.get(byId("which").value) || { points: [] };
  const column = (i) => h.points.map((p) => p[i]);
  const last = h.points[h.points.length - 1];
  charts.bytes.setData([column(0), column(1), column(2)]);
  charts.commands.setData([column(0), column(3), column(4)]);
  const now = (a, b, text) => (last && last[a] !== null ? `${text(last[a])}/s read, ${text(last[b])}/s written` : "");
  byId("now-bytes").textContent = now(1, 2, bytes);
  byId("now-commands").textContent = now(3, 4, count);
}

function makeCharts() {
  for (const old of Object.values(charts)) old.destroy();
  charts.bytes = chart("chart-bytes", (v) => `${bytes(v)}/s`);
  charts.commands = chart("chart-commands", (v) => `${count(v)}/s`);
  draw();
}

function offer(names) {
  const select = byId("which"), chosen = select.value;
  const wanted = ["", ...names];
  if ([...select.options].map((o) => o.value).join("\n") === wanted.join("\n")) return;
  select.replaceChildren(...wanted.map((name) => new Option(name || "all LUNs", name)));
  select.value = wanted.includes(chosen) ? chosen : "";
}

// --- what is ---

function banner(status, lines) {
  const section = byId("health");
  section.className = `banner ${status}`;
  section.replaceChildren(...lines.map((line) => { const p = document.createElement("p"); p.textContent = line; return p; }));
}

function showHealth(health) {
  const words = { ok: "All is well", degraded: "Something is wrong", failing: "It does not serve" };
  banner(health.status, [words[health.status] || health.status,
    ...health.checks.filter((c) => c.status !== "ok").map((c) => `${c.name}: ${c.message || c.status}`)]);
}

function showTargets(targets, backstores, stats) {
  const stores = new Map(backstores.map((b) => [b.name, b]));
  const done = new Map(stats.map((s) => [s.name, s.io]));
  const rows = targets.flatMap((t) => (t.luns.length ? t.luns : [null]).map((lun) => {
    if (!lun) return [t.name, "none", "", "", "", t.enabled ? "" : { text: "disabled", style: "state-disabled" }, "", ""];
    const store = stores.get(lun.backstore) || {}, io = done.get(`${t.name}/${lun.lun}`);
    const state = !t.enabled || lun.enabled === false ? "disabled" : store.state || "";
    const why = store.state === "error" && store.error ? `: ${store.error}` : lun.read_only || store.read_only ? ", read only" : "";
    return [t.name, lun.lun, lun.backstore, store.type || "", store.size === undefined ? "" : bytes(store.size),
      { text: state + why, style: `state-${state}` }, io ? bytes(io.read_bytes) : "", io ? bytes(io.write_bytes) : ""];
  }));
  fill("targets", rows, "There is no target: target.create makes one.");
}

function showSessions(sessions) {
  fill("sessions", sessions.map((s) => {
    const c = s.connections[0] || {};
    const digests = [["header", c.header_digest], ["data", c.data_digest]].filter(([, d]) => d && d !== "none").map(([what]) => what);
    return [s.initiator, c.remote || "", s.target || "discovery", when(s.since), digests.join(", ") || "none",
      s.auth === "none" ? "open" : s.auth.replace("_", " ")];
  }), "Nobody is logged in.");
}

let after = null;
const events = [];

function showEvents(polled) {
  if (after === null) { after = Math.max(0, polled.last - EVENTS_MAX); return; }
  after = polled.last;
  events.unshift(...polled.events.slice().reverse());
  events.length = Math.min(events.length, EVENTS_MAX);
  fill("events", events.map((e) => [{ text: when(e.time), style: "whole" }, { text: e.type, style: "whole" }, Object.entries(e.object).map(([k, v]) => `${k} ${v}`).join(", ")]), "Nothing has happened.");
}

async function look() {
  const [info, health, targets, backstores, sessions, stats, polled] = await batch([
    ["daemon.info", {}], ["daemon.health", {}], ["target.list", {}], ["backstore.list", {}], ["session.list", {}],
    ["stats.get", { kind: "lun" }], ["event.poll", { after: after === null ? -1 : after }]]);
  if (info) byId("about").textContent = `${info.version}, up for ${duration(info.uptime_s)}, revision ${info.revision}`;
  if (health) showHealth(health);
  if (stats) {
    const time = Date.now() / 1000, all = Object.fromEntries(RATES.map((rate) => [rate, stats.stats.reduce((n, s) => n + s.io[rate], 0)]));
    note("", time, all);
    for (const s of stats.stats) if (RATES.some((rate) => s.io[rate] > 0)) note(s.name, time, s.io);
    const there = new Set(stats.stats.map((s) => s.name));
    for (const name of history.keys()) if (name !== "" && !there.has(name)) history.delete(name);
    offer([...history.keys()].filter((name) => name !== "").sort());
    draw();
  }
  if (targets && backstores && stats) showTargets(targets.targets, backstores.backstores, stats.stats);
  if (sessions) showSessions(sessions.sessions);
  if (polled) showEvents(polled);
}

// --- going on ---

let timer = 0;

function ask(refused) {
  byId("ask").hidden = false;
  byId("leave").hidden = true;
  byId("refused").textContent = refused ? "This token is not accepted." : "";
  banner("", ["Waiting for a token"]);
  byId("token").focus();
}

async function goOn() {
  const begun = Date.now();
  let wait = EVERY_MS;
  try {
    await look();
    byId("ask").hidden = true;
    byId("leave").hidden = !token();
    wait += 4 * Math.max(0, Date.now() - begun - 100); // one with many LUNs is asked less often
  } catch (e) {
    if (e instanceof Refused) { const had = token() !== null; sessionStorage.removeItem("token"); ask(had); return; }
    banner("failing", ["The daemon does not answer", String(e.message || e)]);
  }
  timer = setTimeout(goOn, wait);
}

function enter() {
  const value = byId("token").value.trim();
  if (!value) return;
  sessionStorage.setItem("token", value);
  byId("token").value = "";
  clearTimeout(timer);
  goOn();
}

byId("enter").addEventListener("click", enter);
byId("token").addEventListener("keydown", (e) => { if (e.key === "Enter") enter(); });
byId("leave").addEventListener("click", () => { sessionStorage.removeItem("token"); location.reload(); });
byId("which").addEventListener("change", draw);
addEventListener("resize", () => { for (const [name, c] of Object.entries(charts)) c.setSize({ width: byId(`chart-${name}`).clientWidth, height: 200 }); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", makeCharts);
makeCharts();
goOn();
