import { parseArgs } from "node:util";
import { type DittoError, usageError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import { parseDuration, parseSize } from "./units.ts";

/** One flag: durations are given in seconds, sizes in bytes; `or` is a word that may stand instead ("never", "all"). */
export interface Flag {
  readonly type: "string" | "boolean" | "integer" | "duration" | "size";
  readonly multiple?: boolean;
  readonly short?: string;
  readonly choices?: readonly string[];
  readonly or?: string;
  readonly min?: number;
  readonly max?: number;
}
export type Flags = Readonly<Record<string, Flag>>;

type Or<F extends Flag> = F extends { or: infer Word extends string } ? Word : never;
type One<F extends Flag> = F extends { type: "boolean" }
  ? boolean
  : F extends { choices: readonly (infer Choice)[] }
    ? Choice
    : (F["type"] extends "string" ? string : number) | Or<F>;
type Value<F extends Flag> = F extends { multiple: true }
  ? One<F>[]
  : F["type"] extends "boolean"
    ? boolean
    : One<F> | undefined;

/** What a declaration of flags gives: arrays for `multiple`, false for a boolean that is absent, undefined for others. */
export type Values<F extends Flags> = { -readonly [Name in keyof F]: Value<F[Name]> };

/** Declares flags outside a verb, keeping their literal types: `const createFlags = flags({…})`, `Call<typeof createFlags>`. */
export function flags<const F extends Flags>(declared: F): F {
  return declared;
}

/** What a verb accepts. */
export interface Accepts {
  readonly flags?: Flags;
  /** Least and greatest number of positional arguments; none by default. */
  readonly positionals?: readonly [number, number];
  /** What a positional is called in errors: "COPY". */
  readonly argument?: string;
  /** `-- CMD` is accepted, or needed. */
  readonly rest?: boolean | "required";
  /** Names of flags that belong to a later version. */
  readonly later?: readonly string[];
}

/** Flags that every script has. */
export const commonFlags = flags({
  config: { type: "string" },
  source: { type: "string" },
  json: { type: "boolean" },
  yes: { type: "boolean" },
  quiet: { type: "boolean" },
  verbose: { type: "boolean" },
  runtime: { type: "string", choices: ["auto", "docker", "podman", "native"] },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
});

/** What was typed for one verb, checked. */
export interface Parsed {
  values: Record<string, unknown>;
  positionals: string[];
  rest: string[];
}

/** What is needed to name the thing that could not be run, and where to read more. */
export interface Named {
  /** "copy create" */
  name: string;
  /** "bun scripts/copy.ts" */
  command: string;
}

/** The arguments before `--`, and those behind it. */
export function splitRest(argv: readonly string[]): { head: string[]; rest: string[] | undefined } {
  const at = argv.indexOf("--");
  return at < 0 ? { head: [...argv], rest: undefined } : { head: argv.slice(0, at), rest: argv.slice(at + 1) };
}

/** The place in `head` of its first positional argument, -1 when there is none; flags may stand before it. */
export function firstPositional(head: string[], known: Flags): number {
  const { tokens } = parseArgs({ args: head, options: optionsOf(known), strict: false, tokens: true });
  return tokens.find((token) => token.kind === "positional")?.index ?? -1;
}

/** Reads the arguments of one verb strictly. Throws exit 2 naming the nearest valid spelling. */
export function parseVerb(accepts: Accepts, head: string[], rest: string[] | undefined, named: Named): Parsed {
  const known: Flags = { ...commonFlags, ...accepts.flags };
  refuseUnknown(head, known, accepts, named);
  const { values, positionals } = parseStrictly(head, known, named);
  refuseRepeated(head, known, named);
  const extra = rest !== undefined && !accepts.rest ? rest : [];
  const all = [...positionals, ...extra];
  checkPositionals(all, accepts, named);
  if (accepts.rest === "required" && (rest === undefined || rest.length === 0)) {
    throw cannot(named, "the command is missing", `Put it behind "--": ${named.command} ${verbOf(named)}-- npm test`);
  }
  const read: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(known)) read[name] = readFlag(name, flag, values[name], named);
  return { values: read, positionals: all, rest: accepts.rest ? (rest ?? []) : [] };
}

/** The usage error of a script or verb, in the one form that all of them have. */
export function cannot(named: Named, state: string, hint = ""): DittoError {
  return usageError(
    `Cannot run "${named.name}": ${state}`,
    [hint, `"${named.command} --help" says more`].filter(Boolean).join(" "),
  );
}

function verbOf(named: Named): string {
  const verb = named.name.split(" ")[1];
  return verb === undefined ? "" : `${verb} `;
}

type Options = NonNullable<Parameters<typeof parseArgs>[0]>["options"];

function optionsOf(known: Flags): NonNullable<Options> {
  const options: NonNullable<Options> = {};
  for (const [name, flag] of Object.entries(known)) {
    const type = flag.type === "boolean" ? "boolean" : "string";
    options[name] = { type, multiple: true, ...(flag.short === undefined ? {} : { short: flag.short }) };
  }
  return options;
}

function refuseUnknown(head: string[], known: Flags, accepts: Accepts, named: Named): void {
  const { tokens } = parseArgs({ args: head, options: optionsOf(known), strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option" || Object.hasOwn(known, token.name)) continue;
    if (accepts.later?.includes(token.name)) throw cannot(named, `"${token.rawName}" is not in this version`);
    const spellings = Object.keys(known).map((name) => `--${name}`);
    throw cannot(named, `unknown flag "${token.rawName}"`, didYouMean(token.rawName, spellings));
  }
}

function parseStrictly(head: string[], known: Flags, named: Named) {
  try {
    return parseArgs({ args: head, options: optionsOf(known), strict: true, allowPositionals: true });
  } catch (error) {
    const [sentence = ""] = (error as Error).message.split("\n");
    throw cannot(named, sentence.charAt(0).toLowerCase() + sentence.slice(1));
  }
}

function refuseRepeated(head: string[], known: Flags, named: Named): void {
  const seen = new Set<string>();
  const { tokens } = parseArgs({ args: head, options: optionsOf(known), strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (seen.has(token.name) && !known[token.name]?.multiple) {
      throw cannot(named, `"--${token.name}" is given twice`);
    }
    seen.add(token.name);
  }
}

function checkPositionals(given: string[], accepts: Accepts, named: Named): void {
  const [least, most] = accepts.positionals ?? [0, 0];
  const what = accepts.argument ?? "an argument";
  if (given.length < least) throw cannot(named, `${what} is missing`);
  const surplus = given[most];
  if (surplus !== undefined) {
    const way = accepts.rest ? 'A command stands behind "--".' : "";
    throw cannot(named, `"${surplus}" is one argument too many`, way);
  }
  if (given.some((argument) => argument.trim() === "")) throw cannot(named, "an argument is empty");
}

function readFlag(name: string, flag: Flag, given: unknown, named: Named): unknown {
  if (flag.type === "boolean") return given !== undefined;
  const texts = (given ?? []) as string[];
  const values = texts.map((text) => readValue(name, flag, text, named));
  return flag.multiple ? values : values[0];
}

function readValue(name: string, flag: Flag, text: string, named: Named): string | number {
  if (text.trim() === "") throw cannot(named, `the value of "--${name}" is empty`);
  if (flag.or !== undefined && text === flag.or) return text;
  if (flag.choices !== undefined && !flag.choices.includes(text)) {
    const all = flag.choices.map((choice) => `"${choice}"`).join(", ");
    throw cannot(named, `"--${name}" is one of ${all}, not "${text}"`, didYouMean(text, flag.choices));
  }
  if (flag.type === "string") return text;
  const value = readNumber(name, flag, text, named);
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = flag;
  if (value < min || value > max) {
    const range = flag.max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
    throw cannot(named, `"--${name}" must be ${range}, not ${text}`);
  }
  return value;
}

function readNumber(name: string, flag: Flag, text: string, named: Named): number {
  if (flag.type === "duration") return parseDuration(text);
  if (flag.type === "size") return parseSize(text);
  if (/^-?\d+$/.test(text)) return Number(text);
  throw cannot(named, `"--${name}" is a whole number, not "${text}"`);
}
