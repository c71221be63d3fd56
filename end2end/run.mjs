// Runs the browser tests against a portal of their own.
//
// usage: node end2end/run.mjs [option of `playwright test`]…
//
// Starts `portal up` in a fresh folder on free ports, waits until it is ready, runs the tests, ends the
// portal and sees to it that nothing of it is left. The last line is `browser: N passed, N failed`.
// PROGRAMS names another folder of programs than the release's.
// `--grep @screens` writes a picture of every page to end2end/test-results/screens instead.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TOP = path.dirname(HERE);
const RESULTS = path.join(HERE, "test-results");
const COUNTS = path.join(RESULTS, "counts.json");
const LOG = path.join(RESULTS, "portal.log");
const READY_WITHIN_MS = 120_000;
const ENDED_WITHIN_MS = 90_000;
/** Settings of somebody's own portal must not reach the one under test. */
const OF_THE_PORTAL = /^(PORTAL_|APPS_|MXID_|LEPTOS_|DATABASE_URL$|CELL_SOCKET$|POSTGRES_USER$|RUNTIME$|PG[A-Z]+$)/;

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
}

function fail(text) {
  throw new Error(text);
}

function programs() {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "cloud-portal");
  const folder = process.env.PROGRAMS ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(cache, "target"), "release");
  for (const name of ["portal", "cell", "sample-runtime"]) {
    if (!existsSync(path.join(folder, name))) {
      fail(`${path.join(folder, name)} is missing; build it first: scripts/build`);
    }
  }
  return path.join(folder, "portal");
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

async function start() {
  const program = programs();
  // Programs that run as another user pass through this folder.
  const data = mkdtempSync(path.join(tmpdir(), "portal-e2e-"));
  chmodSync(data, 0o755);
  const [portalPort, appsPort] = await freePorts(2);
  const url = `http://localhost:${portalPort}`;
  const inherited = Object.entries(process.env).filter(([name]) => !OF_THE_PORTAL.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    PORTAL_DATA: data,
    PORTAL_ADDR: `127.0.0.1:${portalPort}`,
    PORTAL_URL: url,
    APPS_ADDR: `127.0.0.1:${appsPort}`,
    PORTAL_SITE: path.join(TOP, "target/site"),
    LEPTOS_OUTPUT_NAME: "portal",
    LEPTOS_SITE_ROOT: path.join(TOP, "target/site"),
    LEPTOS_SITE_PKG_DIR: "pkg",
    LEPTOS_HASH_FILES: "true",
    // The sample apps use a hundredth of what they are promised, on however small a machine.
    CELL_MEMORY_MIB: "1000000",
  };
  const log = createWriteStream(LOG);
  await once(log, "open");
  // In a process group of its own: Ctrl-C ends the tests first, and they end the portal.
  const child = spawn(program, ["up"], { cwd: TOP, env, detached: true, stdio: ["ignore", log, log] });
  const ended = once(child, "exit").then(([code, signal]) => signal ?? `code ${code}`);
  return { child, data, url, appsPort, ended };
}

async function ready(portal) {
  const until = Date.now() + READY_WITHIN_MS;
  let over = false;
  portal.ended.then(() => (over = true));
  while (Date.now() < until) {
    stopping.signal.throwIfAborted();
    if (over) fail(`the portal ended by itself (${await portal.ended})`);
    const people = path.join(portal.data, "demo-people.json");
    const answer = await fetch(`${portal.url.replace("localhost", "127.0.0.1")}/readyz`).catch(() => null);
    if (answer?.ok && existsSync(people)) return people;
    await pause(100);
  }
  fail(`the portal was not ready within ${READY_WITHIN_MS / 1000} s`);
}

async function playwright(portal, people, options) {
  const project = options.some((option) => option.includes("@screens")) ? "screens" : "tests";
  const chosen = options.some((option) => option.startsWith("--project")) ? [] : [`--project=${project}`];
  const env = {
    ...process.env,
    PORTAL_UNDER_TEST: portal.url,
    APPS_PORT_UNDER_TEST: String(portal.appsPort),
    DEMO_PEOPLE: people,
    COUNTS_FILE: COUNTS,
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "1",
  };
  const program = path.join(HERE, "node_modules/@playwright/test/cli.js");
  const child = spawn(process.execPath, [program, "test", ...chosen, ...options], { cwd: HERE, env, stdio: "inherit" });
  const end = () => child.kill("SIGINT");
  stopping.signal.addEventListener("abort", end);
  const [code] = await once(child, "exit");
  return code === 0;
}

/** Processes that were started for the portal under test: their command line names its folder. */
function left(data) {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return numbers.filter((number) => {
    try {
      return readFileSync(`/proc/${number}/cmdline`, "utf8").includes(data);
    } catch {
      return false;
    }
  });
}

async function stop(portal) {
  const complaints = [];
  portal.child.kill("SIGINT");
  const clock = new AbortController();
  const late = pause(ENDED_WITHIN_MS, "late", { signal: clock.signal }).catch(() => "");
  const how = await Promise.race([portal.ended, late]);
  clock.abort();
  if (how === "late") {
    complaints.push(`the portal did not end within ${ENDED_WITHIN_MS / 1000} s of SIGINT`);
    portal.child.kill("SIGKILL");
    await portal.ended;
  } else if (how !== "code 0") {
    complaints.push(`the portal ended with ${how}`);
  }
  const until = Date.now() + 5_000;
  while (left(portal.data).length > 0 && Date.now() < until) await pause(100);
  for (const number of left(portal.data)) {
    const command = readFileSync(`/proc/${number}/cmdline`, "utf8").replaceAll("\0", " ");
    complaints.push(`process ${number} was left running: ${command}`);
    process.kill(Number(number), "SIGKILL");
  }
  rmSync(portal.data, { recursive: true, force: true, maxRetries: 5 });
  return complaints;
}

function logEnd() {
  const lines = existsSync(LOG) ? readFileSync(LOG, "utf8").trimEnd().split("\n") : [];
  return lines.slice(-40).join("\n");
}

async function main() {
  rmSync(COUNTS, { force: true });
  mkdirSync(RESULTS, { recursive: true });
  const complaints = [];
  let passedAll = false;
  let portal;
  try {
    portal = await start();
    const people = await ready(portal);
    console.log(`The portal under test is ready at ${portal.url}.`);
    passedAll = await playwright(portal, people, process.argv.slice(2));
  } catch (error) {
    complaints.push(error.message);
  } finally {
    if (portal) complaints.push(...(await stop(portal)));
  }
  const counts = existsSync(COUNTS) ? JSON.parse(readFileSync(COUNTS, "utf8")) : { passed: 0, failed: 0 };
  if (!passedAll && counts.failed === 0 && complaints.length === 0) complaints.push("the tests did not run to their end");
  for (const complaint of complaints) console.error(`end2end: ${complaint}`);
  if (complaints.length > 0) console.error(`The portal's last lines (all in ${LOG}):\n${logEnd()}`);
  const failed = counts.failed + complaints.length;
  console.log(`browser: ${counts.passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}

await main();
