// Deployment packages: the sample, variations of it, and files that only pretend to be one.

import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { zip } from "./zip";

const TOP = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const METADATA = "model/metadata.json";

/** A file as a person chooses it in a form. */
export interface Chosen {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

function chosen(name: string, buffer: Buffer): Chosen {
  return { name, mimeType: "application/octet-stream", buffer };
}

/** The sample app's package, made by the repository's own script. */
export function sample(version = "1.0.0", ...options: string[]): Chosen {
  const folder = mkdtempSync(path.join(tmpdir(), "portal-package-"));
  try {
    const file = path.join(folder, "sample.mda");
    execFileSync(path.join(TOP, "scripts/make-sample"), [...options, version, file]);
    return chosen(`shop-${version}.mda`, readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function metadata(changes: Record<string, unknown>): string {
  const content = JSON.parse(readFileSync(path.join(TOP, "sample", METADATA), "utf8"));
  return JSON.stringify({ ...content, ...changes });
}

/** Files that no portal may accept, and what it must say of each. */
export function refused(): { what: string; file: Chosen; says: RegExp }[] {
  const whole = sample("3.0.0").buffer;
  return [
    { what: "a text", file: chosen("letter.mda", Buffer.from("This is a letter, not a package.")), says: /is a zip archive/ },
    { what: "a file without content", file: chosen("nothing.mda", Buffer.alloc(0)), says: /empty|zip archive/ },
    { what: "an empty zip", file: chosen("empty.mda", zip({})), says: /is empty/ },
    { what: "a truncated package", file: chosen("half.mda", whole.subarray(0, whole.length - 400)), says: /is cut off/ },
    { what: "a zip without metadata", file: chosen("plain.mda", zip({ "readme.txt": "hello" })), says: /has no model\/metadata\.json/ },
    {
      what: "a package for runtime 5.9",
      file: chosen("old.mda", zip({ [METADATA]: metadata({ RuntimeVersion: "5.9.0" }) })),
      says: /5\.9\.0[\s\S]*6\.0\.0|6\.0\.0[\s\S]*5\.9\.0/,
    },
    {
      what: "a package that reaches outside itself",
      file: chosen("slip.mda", zip({ [METADATA]: metadata({}), "../../outside.txt": "x" })),
      says: /outside\.txt/,
    },
  ];
}
