import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { repositoryRoot } from "../kit/config-file.ts";
import { gitStateOf } from "../kit/git.ts";
import { cancelled } from "../kit/prompt.ts";
import { howToRun } from "../kit/runner.ts";
import { quoteWord, shortest } from "../kit/shell.ts";
import { writeAtomic } from "../kit/state.ts";
import { paint } from "../kit/stdio.ts";
import { unifiedDiff } from "../kit/unified-diff.ts";
import type { Talk } from "./ask-source.ts";
import { configText, type SetupAnswers } from "./config-text.ts";
import type { Interview } from "./interview.ts";
import { cronLine, withoutLogin } from "./schedule.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** The toolkit that runs. */
const TOOLKIT = resolve(import.meta.dir, "../..");

/** What is to be written, as data. */
export interface PlannedFiles {
  config: { path: string; text: string; mode: number };
  secret: { path: string; content: string } | undefined;
  /** What leads from the file that is there to the new one, without secrets; "" when they are equal, undefined when there is none. */
  diff: string | undefined;
  /** The new file will hold a password, and git would take it. */
  exposed: boolean;
  /** The line for crontab; "" for none. */
  cron: string;
}

/** Works out the files. Reads only. */
export async function planFiles({ answers, secret }: Interview, output: string): Promise<PlannedFiles> {
  const path = resolve(output);
  const reseed = reseedLine(answers, path);
  const text = configText(answers, { schema: schemaFrom(path), reseed });
  const old = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const secretive = (answers.source?.password ?? "") !== "";
  return {
    config: { path, text, mode: secretive ? 0o600 : 0o644 },
    secret: secret?.file,
    diff: old === undefined ? undefined : diffOf(path, old, text),
    cron: cronLine(answers.schedule, reseed),
    exposed: secretive && (await gitStateOf(path).catch(() => "outside")) === "untracked",
  };
}

/** Writes them: the secret first, as the configuration leads to it. */
export async function writeFiles({ config, secret }: PlannedFiles): Promise<void> {
  if (secret) await writeAtomic(secret.path, secret.content, 0o600);
  await writeAtomic(config.path, config.text, config.mode);
}

function shownDiff(diff: string): string {
  const { red, green, cyan } = paint(2);
  const colours: Record<string, (text: string) => string> = { "-": red, "+": green, "@": cyan };
  return diff
    .split("\n")
    .map((line) => (colours[line.charAt(0)] ?? String)(line))
    .join("\n");
}

/** Either file may hold a password. */
function diffOf(path: string, old: string, text: string): string {
  const [before, after] = [withoutSecrets(old), withoutSecrets(text)];
  if (before === undefined || after === undefined)
    return `${shortest(path)} is no YAML that can be read: as it may hold a password, nothing of it is shown`;
  return unifiedDiff(old, text, { from: shortest(path), to: "new", shown: { before, after } });
}

/** Only where both lie in one repository does the path mean the same to everybody. */
function schemaFrom(path: string): string {
  const folder = dirname(path);
  const root = repositoryRoot(folder) ?? folder;
  const schema = join(TOOLKIT, "templates/schema.json");
  return `${schema}/`.startsWith(`${root}/`) ? relative(folder, schema) : "";
}

function reseedLine({ sourceName, source }: SetupAnswers, config: string): string {
  const named = sourceName === "default" ? [] : ["--source", sourceName];
  const commands = [source?.tunnel ?? "", (source?.passwordSecret ?? "").replace(/^cmd:/, "")];
  const args = ["--config", config, ...named, "--quiet"];
  const line = withoutLogin(join(TOOLKIT, "scripts/reseed.ts"), args, commands);
  // What comes on stdout cron would send by mail, every night.
  return `cd ${quoteWord(dirname(config))} && ${line} >/dev/null`;
}

/** What to type next, three lines. */
export async function nextCommands({ answers }: Interview, config: string, seeded: boolean): Promise<string[]> {
  const runner = howToRun();
  const elsewhere = resolve("ditto.yaml") !== resolve(config);
  const at = elsewhere ? ["--config", quoteWord(shortest(resolve(config)))] : [];
  const from = answers.source === undefined ? ["--from", quoteWord(shortest(samplePath()))] : [];
  const line = (script: string, ...words: string[]) =>
    [runner, quoteWord(shortest(join(TOOLKIT, "scripts", script))), ...words].join(" ");
  return [
    seeded ? line("copy.ts", "create", "--name", "try", ...at) : line("reseed.ts", ...from, ...at),
    line("copy.ts", "run", ...at, "--", "npm", "test"),
    line("doctor.ts", ...at),
  ];
}

/** The built-in sample. */
export function samplePath(): string {
  return join(TOOLKIT, "templates/demo/shop-postgres.sql");
}

/** What a long interview will come to is said before it. */
export function sayWhenKept(output: string, force: boolean, say: (text: string) => void): void {
  if (force || !existsSync(resolve(output))) return;
  say(`${shortest(resolve(output))} is there and stays as it is; you will see what would differ (--force replaces it)`);
}

/** Shows what the new file would change. */
export function sayDiff({ config, diff }: PlannedFiles, say: (text: string) => void): void {
  if (diff === undefined) return;
  say(diff === "" ? `${shortest(config.path)} is already as it would be written` : `\n${shownDiff(diff)}\n`);
}

/** The last questions, before anything is written; resolves to whether the first base is to be made at once. */
export async function agreeToWrite({ ask, interactive, say }: Talk, planned: PlannedFiles): Promise<boolean> {
  const { config, secret, exposed } = planned;
  if (exposed) say(`Note: git does not ignore ${shortest(config.path)}, which will hold the password`);
  const names = [config.path, ...(secret ? [secret.path] : [])].map(shortest).join(" and ");
  if (!(await ask.agree({ message: `Write ${names}?`, initial: true }))) throw cancelled(1);
  // Where nobody looks on, a reseed is a command of its own.
  return interactive && (await ask.agree({ message: "Make the first base now?", initial: true }));
}
