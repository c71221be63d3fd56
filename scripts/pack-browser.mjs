// Makes of what cargo-leptos has built the files that browsers load: what areas share in one file, the loader of
// the areas in the main script, and every file named after its contents.
//
// usage: node scripts/pack-browser.mjs FOLDER NAMES
//
// NAMES becomes the list that the server reads: `js`, `wasm` and `css` of the main part, and a line
// `area NAME: FILE…` for each area. The splitter writes a chunk for each set of areas that share something, whose
// number grows with the square of the areas; joined, a page needs four files, however many areas there are.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, names] = process.argv.slice(2);
const LOADER = "__wasm_split.______________________.js";
const MANIFEST = "__wasm_split_manifest.json";

function fail(text) {
  throw new Error(`scripts/pack-browser.mjs: ${text}`);
}

function hash(bytes) {
  return createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
}

const bytes = (name) => readFileSync(join(folder, name));
const written = new Set();

/** Writes a file that is named after its contents, and gives the part of the name that is. */
function write(name, extension, contents) {
  const of_contents = hash(contents);
  const file = `${name}.${of_contents}.${extension}`;
  writeFileSync(join(folder, file), contents);
  written.add(file);
  return of_contents;
}

/** Replaces what `pattern` finds, which must be there `times`. */
function replace(text, pattern, times, by) {
  let found = 0;
  const replaced = text.replace(pattern, (...parts) => ((found += 1), by(...parts)));
  if (found !== times) fail(`${pattern} is there ${found} times instead of ${times}: the splitter writes something new`);
  return replaced;
}

const areas = Object.entries(JSON.parse(bytes(MANIFEST).toString()));
const chunks = readdirSync(folder).filter((name) => /^chunk_\d+.*\.wasm$/.test(name)).sort();
const places = new Map();
let length = 0;
for (const chunk of chunks) places.set(chunk, [length, (length += bytes(chunk).length)]);
const shared = `shared.${write("shared", "wasm", Buffer.concat(chunks.map(bytes)))}.wasm`;

const lines = [];
const files = new Map();
for (const [area, parts] of areas.sort()) {
  const [own, ...more] = parts.map((part) => `${part}.wasm`).filter((part) => !places.has(part));
  if (!own || more.length > 0) fail(`the area ${area} has other files than one of its own and chunks: ${parts}`);
  files.set(own, `${area}.${write(area, "wasm", bytes(own))}.wasm`);
  lines.push(`area ${area}: ${shared} ${files.get(own)}`);
}

// The loader becomes a part of the main script: a name in it changes the main script's own name then.
let loader = bytes(LOADER).toString();
loader = replace(loader, /import \{ initSync \} from "[^"]*";/g, 1, () => "");
loader = replace(loader, /fetch\(new URL\("\.\/(chunk_[^"]*)", import\.meta\.url\)\)/g, chunks.length, (_, chunk) => `piece(${places.get(chunk)})`);
loader = replace(loader, /"\.\/(split_[^"]*\.wasm)"/g, areas.length, (_, file) => `"./${files.get(file) ?? fail(`${file} belongs to no area`)}"`);
const loads = [];
loader = replace(loader, /export const (\w+)/g, areas.length, (_, name) => (loads.push(name), `const ${name}`));

loader = loader.replace(/^\s*\/\/.*\n/gm, "").replace(/\/\*.*?\*\//g, "");

const portal = bytes("portal.js").toString();
const initSync = /[{,] ?(\w+) as initSync/.exec(portal)?.[1] ?? fail("portal.js exports no initSync, which the loader of areas needs");
const imported = [];
const rest = replace(portal, /import ?\* ?as (\w+) from ?["']\.\/__wasm_split\.[^"']*["'];?/g, areas.length, (_, name) => (imported.push(name), ""));
const script = `const __areas = (() => {
const initSync = ${initSync};
${loader}
let whole = undefined;
function piece(begin, end) {
    whole ??= fetch(new URL("./${shared}", import.meta.url)).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(answer.status))));
    whole.catch(() => { whole = undefined; });
    return whole.then((bytes) => new Response(bytes.slice(begin, end), { headers: { "content-type": "application/wasm" } }));
}
return { ${loads.join(", ")} };
})();
const ${imported.map((name) => `${name} = __areas`).join(", ")};
${rest}`;

const main = [
  `js: ${write("portal", "js", script)}`,
  `wasm: ${write("portal", "wasm", bytes("portal.wasm"))}`,
  `css: ${write("portal", "css", bytes("portal.css"))}`,
];
writeFileSync(names, [...main, ...lines, ""].join("\n"));
for (const name of readdirSync(folder)) if (!written.has(name)) rmSync(join(folder, name), { recursive: true });
