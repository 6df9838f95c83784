import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { usageError } from "../kit/errors.ts";
import { VENDOR_LOCK } from "../kit/packages.ts";

/** The folder of the toolkit that runs. */
export const TOOLKIT = resolve(import.meta.dir, "../..");

/** What is copied: tsconfig.json, so that a repository's own one doesn't reach into this folder; the licence, which asks for it. */
const COPIED = ["scripts/**", "lib/**", "templates/**", "package.json", "bun.lock", "tsconfig.json", "LICENSE"];

/** What leaves and editors leave behind. */
const LEFTOVER = /\.(new|orig|rej|tmp|swp)$|~$|(^|\/)(node_modules|\.DS_Store)(\/|$)/;

/** One file of the toolkit. */
export interface ToolkitFile {
  content: Buffer;
  sha256: string;
}

/** The toolkit as it would be copied. Throws when it is itself a copy: its edits are not the toolkit's. */
export async function readToolkit(folder = TOOLKIT): Promise<{ version: string; files: Map<string, ToolkitFile> }> {
  if (existsSync(join(folder, VENDOR_LOCK))) {
    throw usageError(
      "Cannot copy from here: this ditto is itself a vendored copy, which may have been edited",
      "Clone ditto, and run vendor.ts there",
    );
  }
  const found = COPIED.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: folder, dot: true })]);
  const paths = found.filter((path) => !LEFTOVER.test(path)).sort();
  const contents = await Promise.all(paths.map((path) => readFile(join(folder, path))));
  const files = new Map(paths.map((path, at) => [path, fileOf(contents[at] ?? Buffer.alloc(0))]));
  // Not the toolkit's own: a repository without JavaScript ignores no node_modules.
  files.set(".gitignore", fileOf(Buffer.from("node_modules/\n")));
  const { version } = JSON.parse(String(files.get("package.json")?.content)) as { version: string };
  return { version, files };
}

function fileOf(content: Buffer): ToolkitFile {
  return { content, sha256: sha256(content) };
}

/** The digest that the lock holds. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
