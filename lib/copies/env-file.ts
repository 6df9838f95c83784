import { constants } from "node:fs";
import { access, lstat, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";
import { type GitState, gitStateOf } from "../kit/git.ts";
import { replaceFile } from "../kit/state.ts";

/** A file of variables that may be patched. */
export interface EnvFile {
  /** Behind all links. */
  path: string;
  git: GitState;
}

/** Looks at a file, which need not be there yet, before anything is made for it. Throws `PATCH_REFUSED`. */
export async function envFileAt(given: string): Promise<EnvFile> {
  const path = await placeOf(given);
  const git = await gitStateOf(path);
  if (git === "tracked") {
    throw refused(
      given,
      "git tracks it",
      'A password would end in a commit: name an ignored file, e.g. .env.local, or use "env.ts export"',
    );
  }
  await readEnvFile(path, given);
  return { path, git };
}

/** The text of a file, undefined when there is none. Throws `PATCH_REFUSED` for what can't be edited without harm. */
export async function readEnvFile(path: string, given = path): Promise<string | undefined> {
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    // A file that can't be looked at may be there.
    if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw refused(given, messageOf(error), "Allow to read it");
  });
  if (!facts) return undefined;
  if (!facts.isFile()) throw refused(given, "it is no regular file", "Name a file");
  // A superuser may write it all the same, which its owner did not want.
  const writable =
    (facts.mode & 0o222) !== 0 &&
    (await access(path, constants.W_OK).then(
      () => true,
      () => false,
    ));
  if (!writable) throw refused(given, "it is read-only", `Allow it: chmod u+w "${path}"`);
  const bytes = await readFile(path);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Said below.
  }
  throw refused(given, "it is not written in UTF-8", "Save it as UTF-8");
}

/** Writes a file so that there is the old or the new text at any time; throws `PATCH_REFUSED`. */
export async function writeEnvFile(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (error) {
    throw refused(path, messageOf(error), "The file is replaced by a new one: make its folder writable for that");
  }
}

async function placeOf(given: string): Promise<string> {
  const path = resolve(given);
  if (await stat(path).catch(() => undefined)) return realpath(path);
  if (await lstat(path).catch(() => undefined))
    throw refused(given, "it is a link to nothing", "Make the file that it names");
  const folder = await realpath(dirname(path)).catch(() => undefined);
  if (folder === undefined) throw refused(given, "its folder does not exist", `Make it: mkdir -p "${dirname(path)}"`);
  return join(folder, basename(path));
}

function refused(file: string, state: string, hint: string): DittoError {
  return new DittoError(`Cannot patch "${file}": ${state}`, { code: "PATCH_REFUSED", hint });
}
