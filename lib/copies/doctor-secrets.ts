import { stat } from "node:fs/promises";
import { advised, type Check, failed, passed } from "../bases/check.ts";
import type { Config } from "../kit/config.ts";
import { readConfigFile } from "../kit/config-file.ts";
import { isTree } from "../kit/config-tree.ts";
import { quoteWord } from "../kit/shell.ts";
import { homeFolder, homePath } from "../kit/state.ts";
import { shortPath } from "./status-text.ts";

/** A file that holds something secret, and what. */
interface Secret {
  path: string;
  what: string;
}

/** Whether anybody but this user can read, or write, what is secret. */
export async function checkSecrets(config: Config): Promise<Check[]> {
  const secrets = await secretsOf(config);
  const found = await Promise.all(secrets.map(async (secret) => ({ secret, mode: await modeOf(secret.path) })));
  const there = found.filter(({ mode }) => mode !== undefined);
  const open = there.filter(({ mode = 0 }) => (mode & 0o007) !== 0);
  const shared = there.filter(({ mode = 0 }) => (mode & 0o007) === 0 && (mode & 0o070) !== 0);
  const named = ({ secret, mode = 0 }: (typeof there)[number]) =>
    `${shortPath(secret.path)} (${mode.toString(8).padStart(4, "0")}) holds ${secret.what}`;
  const close = (those: typeof there) =>
    `Run: chmod go= ${those.map(({ secret }) => quoteWord(secret.path)).join(" ")}`;
  if (open.length > 0) {
    const text = `Every user of this machine may read it: ${open.map(named).join("; ")}`;
    return [failed("secrets", { text, hint: close(open) })];
  }
  if (shared.length > 0)
    return [
      advised("secrets", { text: `Their group may read it: ${shared.map(named).join("; ")}`, hint: close(shared) }),
    ];
  return [passed("secrets", there.length === 0 ? "none lies in a file" : "only this user may read them")];
}

async function secretsOf({ file, source, obfuscation }: Config): Promise<Secret[]> {
  const secrets: Secret[] = [{ path: homePath("identity.json"), what: "what copies' passwords are derived from" }];
  const add = (path: string | undefined, what: string) => path && secrets.push({ path, what });
  if (file !== undefined && (await holdsPassword(file))) add(file, "the source's password");
  add(fileOf(source?.url), "the source's URL");
  add(fileOf(source?.password_secret), "the source's password");
  add(fileOf(obfuscation.key_secret), "the mask key");
  add(source?.tls.key, "the key of the client's certificate");
  return secrets;
}

/** The file as it was written: what variables say stands elsewhere. */
async function holdsPassword(file: string): Promise<boolean> {
  const { tree } = await readConfigFile(file);
  const sources = [tree.source, ...Object.values(isTree(tree.sources) ? tree.sources : {})].filter(isTree);
  return sources.some(
    ({ url, password }) => Boolean(password) || /:\/\/[^/@:\s]*:[^@\s]+@|[?&]password=/.test(String(url ?? "")),
  );
}

function fileOf(reference: string | undefined): string | undefined {
  return reference?.startsWith("file:") ? reference.slice(5) : undefined;
}

/** What others may do with a file, the state folder's own door included; undefined where there is none. */
async function modeOf(path: string): Promise<number | undefined> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return undefined;
  // In a closed state folder nobody gets as far as the file.
  const home = homeFolder();
  const door = path.startsWith(`${home}/`) ? ((await stat(home).catch(() => undefined))?.mode ?? 0o777) : 0o777;
  return facts.mode & door & 0o777;
}
