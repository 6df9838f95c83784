import { basename } from "node:path";
import {
  type Accepts,
  cannot,
  commonFlags,
  type Flags,
  firstPositional,
  type Named,
  type Parsed,
  parseVerb,
  splitRest,
  type Values,
} from "./args.ts";
import { interrupted, passSignal, runCleanups } from "./cleanup.ts";
import { DittoError, messageOf, redact } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import { requirePackages } from "./packages.ts";
import { silenceProgress, writeStderr } from "./progress.ts";
import { asTypedHere } from "./runner.ts";
import { quoteWord, shortest } from "./shell.ts";
import { settleHome } from "./state.ts";
import { isTerminal, paint, writeFully } from "./stdio.ts";
import { typedArgs } from "./typed-args.ts";

export { type Flags, flags, type Values } from "./args.ts";

/** Where to run, as `--runtime` says. */
export type RuntimeName = "auto" | "docker" | "podman" | "native";

/** How this command talks to whoever called it: the part of a call that does not depend on its flags. */
export interface Conversation {
  readonly json: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** A person can be asked: stdin and stderr are a terminal. */
  readonly terminal: boolean;
  readonly sourceName?: string;
  readonly configPath?: string;
  /** Absent when `--runtime` is not given, so that the configuration decides. */
  readonly runtimeName?: RuntimeName;
  /** A line on stderr, without secrets; nothing under `--quiet`. */
  say(text: string): void;
  /** A line on stderr under `--verbose` only. */
  verboseSay(text: string): void;
  /** A line on stderr that may hold a secret which was asked for, such as the URL of a kept copy. */
  reveal(text: string): void;
  /** The answer on stdout, once: JSON under `--json`, else what `render` makes of it. */
  answer<T>(value: T, render: (value: T) => string): void;
}

/** One run of one verb. */
export interface Call<F = Flags> extends Conversation {
  /** "" in scripts without verbs. */
  readonly verb: string;
  readonly flags: F extends Flags ? Values<F> : object;
  readonly positionals: string[];
  /** What stands behind `--`. */
  readonly rest: string[];
}

/** A verb: what it accepts, and what it does. `run` returns the exit status, 0 when nothing. */
export interface Verb<F> extends Omit<Accepts, "flags"> {
  // F has no constraint: one verb without flags would make the types of all others general.
  readonly flags?: F & Flags;
  /** Exit status when ditto itself fails (125 for `copy run`); mistakes in usage keep 2. */
  readonly failureExit?: number;
  // A method, so that a verb of any flags is assignable to Verb<Flags>.
  // biome-ignore lint/suspicious/noConfusingVoidType: most verbs return nothing
  run(call: Call<F>): Promise<number | void> | number | void;
}

/** A script with verbs; the one that is called "" needs none, only a command behind `--`. `later` names those of a later version. */
export interface Verbs<V> {
  readonly verbs: { readonly [Name in keyof V]: Verb<V[Name]> };
  readonly aliases?: Readonly<Record<string, string>>;
  readonly later?: readonly string[];
}

type AnyVerb = Verb<Flags>;
type AnyScript = AnyVerb | Verbs<Record<string, Flags>>;
type Meta = Pick<ImportMeta, "main" | "path">;

/** Where a command reads and writes. */
interface Outside {
  /** The script's file, whose header is `--help`. */
  path: string;
  argv: string[];
  stdout(text: string): void;
  terminal: boolean;
}

const ALIASES: Readonly<Record<string, string>> = { ls: "list", rm: "delete" };

/** Runs the script when its file is the entry, and ends the process; does nothing when the file is imported. */
export async function script<const F>(meta: Meta, declared: Verb<F>): Promise<void>;
export async function script<const V>(meta: Meta, declared: Verbs<V>): Promise<void>;
export async function script(meta: Meta, declared: AnyScript): Promise<void> {
  if (!meta.main) return;
  settleHome();
  let answered = false;
  const given = process.argv.slice(2);
  const outside: Outside = {
    path: meta.path,
    argv: "verbs" in declared && "" in declared.verbs ? await typedArgs(given) : given,
    stdout: (text) => {
      answered = true;
      writeFully(1, text);
    },
    terminal: isTerminal(0) && isTerminal(2),
  };
  const status = await guarded(
    () => dispatch(declared, outside),
    outside,
    () => answered,
  );
  process.exit(status);
}

/** Runs a script's declaration on given arguments and returns the exit status; errors are printed, never thrown. */
async function dispatch(declared: AnyScript, outside: Outside): Promise<number> {
  let failureExit = 1;
  try {
    const { head, rest } = splitRest(outside.argv);
    if (head.includes("--help") || head.includes("-h")) return await printHeader(outside);
    if (head.includes("--version")) return await printVersion(outside);
    requirePackages();
    const { verb, name, args } = chooseVerb(declared, { head, rest }, outside.path);
    failureExit = verb.failureExit ?? 1;
    const parsed = parseVerb(verb, args, rest, namedOf(outside.path, name));
    const status = await verb.run(callOf(name, parsed, outside));
    return typeof status === "number" ? status : 0;
  } catch (error) {
    // After a signal tools end with errors of their own, which are no news.
    if (!interrupted()) printError(error, outside);
    if (error instanceof DittoError && error.exit !== 1) return error.exit;
    return failureExit;
  }
}

const maskedInCi = new Set<string>();

/** Tells GitHub Actions, once, to blank out a value in its log; elsewhere nothing. */
export function maskInCi(value: string): void {
  if (process.env.GITHUB_ACTIONS !== "true" || value === "" || maskedInCi.has(value)) return;
  maskedInCi.add(value);
  // The runner reads commands from stderr too, and stdout belongs to the answer.
  const escaped = value.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  writeStderr(`::add-mask::${escaped}\n`);
}

function namedOf(path: string, verb: string): Named {
  const noun = basename(path).replace(/\.ts$/, "");
  return { name: verb === "" ? noun : `${noun} ${verb}`, command: `bun ${quoteWord(shortest(path))}` };
}

function chooseVerb(
  declared: AnyScript,
  { head, rest }: { head: string[]; rest: string[] | undefined },
  path: string,
): { verb: AnyVerb; name: string; args: string[] } {
  if (!("verbs" in declared)) return { verb: declared, name: "", args: head };
  const names = Object.keys(declared.verbs).filter((name) => name !== "");
  const everyFlag: Flags = Object.assign({}, ...Object.values(declared.verbs).map((verb) => verb.flags), commonFlags);
  const at = firstPositional(head, everyFlag);
  const typed = head[at];
  const named = namedOf(path, "");
  const unnamed = typed === undefined && rest !== undefined ? declared.verbs[""] : undefined;
  if (unnamed !== undefined) return { verb: unnamed, name: "", args: head };
  const choice = `It is one of ${names.join(", ")}${"" in declared.verbs ? ', or a command behind "--"' : ""}.`;
  if (typed === undefined) throw cannot(named, "the verb is missing", choice);
  const alias = { ...ALIASES, ...declared.aliases }[typed];
  const name = alias !== undefined && !names.includes(typed) ? alias : typed;
  const verb = Object.hasOwn(declared.verbs, name) ? declared.verbs[name] : undefined;
  if (verb !== undefined) return { verb, name, args: head.toSpliced(at, 1) };
  if (declared.later?.includes(name)) throw cannot(named, `"${name}" is not in this version`);
  const hint = didYouMean(typed, names) || choice;
  throw cannot(named, `unknown verb "${typed}"`, hint);
}

function callOf(verb: string, parsed: Parsed, outside: Outside): Call {
  const { json, yes, quiet, verbose, config, source, runtime } = parsed.values as Values<typeof commonFlags>;
  if (quiet) silenceProgress();
  let answered = false;
  return {
    verb,
    flags: parsed.values as Call["flags"],
    positionals: parsed.positionals,
    rest: parsed.rest,
    json,
    yes,
    quiet,
    verbose,
    terminal: outside.terminal,
    ...(source === undefined ? {} : { sourceName: source }),
    ...(config === undefined ? {} : { configPath: config }),
    ...(runtime === undefined ? {} : { runtimeName: runtime }),
    say: (text) => quiet || writeStderr(`${redact(asTypedHere(text))}\n`),
    verboseSay: (text) => verbose && writeStderr(`${redact(asTypedHere(text))}\n`),
    reveal: (text) => writeStderr(`${asTypedHere(text)}\n`),
    answer: (value, render) => {
      if (answered) throw new Error("A command answers once");
      answered = true;
      const text = json ? JSON.stringify(value, null, 2) : asTypedHere(render(value));
      if (text !== "") outside.stdout(text.endsWith("\n") ? text : `${text}\n`);
    },
  };
}

async function printHeader(outside: Outside): Promise<number> {
  const source = await Bun.file(outside.path).text();
  const comment = /\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? "";
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  outside.stdout(`${lines.join("\n").trim()}\n`);
  return 0;
}

async function printVersion(outside: Outside): Promise<number> {
  outside.stdout(`${await dittoVersion()}\n`);
  return 0;
}

async function dittoVersion(): Promise<string> {
  const file = Bun.file(new URL("../../package.json", import.meta.url));
  return ((await file.json()) as { version: string }).version;
}

function wantsJson(argv: string[]): boolean {
  return splitRest(argv).head.includes("--json");
}

/** The single exit of errors: everything shown is free of registered secrets. */
function printError(error: unknown, outside: Outside): void {
  const known = error instanceof DittoError ? error : undefined;
  const hint = asTypedHere(known?.hint ?? "");
  if (wantsJson(outside.argv)) {
    outside.stdout(redact(errorJson(known?.code ?? "INTERNAL", messageOf(error), hint)));
    if (known !== undefined) return;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text = known === undefined || process.argv.includes("--verbose") ? trace : asTypedHere(known.message);
  const [first = "", ...others] = redact(text).split("\n");
  // Without its packages ditto knows no colours.
  const lines = [known?.code === "PACKAGES_MISSING" ? first : paint(2).red(first), ...others, redact(hint)];
  writeStderr(`${lines.filter((line) => line !== "").join("\n")}\n`);
}

function errorJson(code: string, message: string, hint: string): string {
  return `${JSON.stringify({ error: { code, message, hint } }, null, 2)}\n`;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * The status of `work`, or of the signal or stray error that ended it: what was registered to be undone is then undone.
 * The handlers stand before the work begins.
 */
async function guarded(work: () => Promise<number>, outside: Outside, answered: () => boolean): Promise<number> {
  const { promise: stopped, resolve } = Promise.withResolvers<number>();
  let stopping = false;
  const stop = async (status: number) => {
    stopping = true;
    await runCleanups((error) => writeStderr(`Cannot clean up: ${redact(messageOf(error))}\n`));
    resolve(status);
  };
  for (const [signal, status] of Object.entries(SIGNALS) as [keyof typeof SIGNALS, number][]) {
    process.on(signal, () => {
      if (stopping) process.exit(status);
      if (passSignal(signal)) return;
      if (wantsJson(outside.argv) && !answered()) outside.stdout(errorJson("INTERRUPTED", "Interrupted", ""));
      stop(status);
    });
  }
  for (const event of ["unhandledRejection", "uncaughtException"]) {
    process.on(event, (error: unknown) => {
      if (stopping) return;
      printError(error, outside);
      stop(1);
    });
  }
  const status = await Promise.race([work(), stopped]);
  // Work that fails because its tools were ended must not end the process before the cleaning is done.
  return stopping ? stopped : status;
}
