// Measures what browsers load, compressed, beside its budgets; fails when something is over its budget.
//
// usage: node scripts/browser-budgets.mjs FOLDER NAMES [--rows]
//
// With --rows it writes `what|measured|budget|verdict` instead of a table, and does not fail.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const FIRST_VISIT = 300_000;
const AREA_VISIT = 520_000;
const AREA = 130_000;
const SHARED = 130_000;
const CSS = 20_000;
const FILES = 5;

const [folder, names, option] = process.argv.slice(2);
const size = (file) => statSync(join(folder, `${file}.br`)).size;
const lines = readFileSync(names, "utf8").trim().split("\n").map((line) => line.split(": "));
const hash = Object.fromEntries(lines);
const areas = lines.filter(([name]) => name.startsWith("area ")).map(([name, files]) => [name.slice(5), files.split(" ")]);
const main = ["js", "wasm"].map((kind) => `portal.${hash[kind]}.${kind}`);

function row(what, files, most) {
  const total = files.reduce((sum, file) => sum + size(file), 0);
  const kept = total <= most && files.length <= FILES;
  return [what, `${total} B in ${files.length} ${files.length === 1 ? "file" : "files"}`, `at most ${most} B`, kept ? "kept" : "missed"];
}

const shared = [...new Set(areas.map(([, files]) => files[0]))];
const environment = areas.find(([area]) => area === "environments")?.[1] ?? [];
const rows = [
  row("list of apps, first visit", main, FIRST_VISIT),
  row("environment, first visit", [...main, ...environment], AREA_VISIT),
  row("shared by all areas", shared, SHARED),
  ...areas.map(([area, files]) => row(`area ${area}`, files.slice(1), AREA)),
  row("CSS", [`portal.${hash.css}.css`], CSS),
];

if (option === "--rows") {
  for (const cells of rows) console.log(cells.join("|"));
} else {
  for (const [what, measured, budget, verdict] of rows) console.log(`${what.padEnd(26)} ${measured.padEnd(24)} ${budget.padEnd(20)} ${verdict}`);
  const missed = rows.filter((cells) => cells.at(-1) === "missed").map(([what]) => what);
  if (missed.length > 0) {
    console.error(`Over budget: ${missed.join("; ")}. Budgets are in scripts/browser-budgets.mjs, what to do about it in docs/decisions/0016-areas-in-the-browser.md.`);
    process.exit(1);
  }
}
