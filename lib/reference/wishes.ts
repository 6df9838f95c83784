import { usageError } from "../kit/errors.ts";
import { didYouMean } from "../kit/nearest.ts";
import { type Allowed, DESTRUCTIVE, type Destructive, type DiffOptions } from "../schema/change.ts";
import { OBJECT_KINDS, type ObjectKind } from "../schema/model-objects.ts";

/** What the flags of a comparison say. */
export interface DiffWishes {
  options: DiffOptions;
  allowed: Allowed;
  sql: boolean;
  html: string | undefined;
}

interface DiffFlags {
  sql: boolean;
  html: string | undefined;
  allow: string[];
  online: boolean;
  rename: string[];
  ignore: string[];
  schemas: string[];
  kinds: string[];
}

/** Checks the flags before anything is opened. Throws exit 2 naming the nearest word that there is. */
export function parseWishes(flags: DiffFlags): DiffWishes {
  return {
    options: {
      renames: flags.rename.map(parseRename),
      online: flags.online,
      ignore: words(flags.ignore),
      schemas: words(flags.schemas),
      kinds: words(flags.kinds).map((word) => oneOf<ObjectKind>(word.replaceAll("-", " "), OBJECT_KINDS, "--kinds")),
    },
    allowed: parseAllowed(flags.allow),
    sql: flags.sql,
    html: flags.html,
  };
}

/** Of every destructive kind when "all" is among them. */
function parseAllowed(allow: string[]): Allowed {
  const given = words(allow);
  if (given.includes("all")) return new Set(DESTRUCTIVE);
  return new Set(given.map((word) => oneOf<Destructive>(word, DESTRUCTIVE, "--allow")));
}

function oneOf<Word extends string>(word: string, known: readonly Word[], flag: string): Word {
  const found = known.find((one) => one === word);
  if (found !== undefined) return found;
  throw usageError(
    `Cannot use ${flag} ${word}: there is no such kind`,
    didYouMean(word, [...known]) || `It is one of ${known.join(", ")}`,
  );
}

function parseRename(text: string): DiffOptions["renames"][number] {
  // `"a=b"=c`
  const at = /^(?:"(?:[^"]|"")*"|[^"=])*(?==)/.exec(text)?.[0].length ?? text.indexOf("=");
  const [from, to] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || to === "") throw usageError(`Cannot use --rename ${text}: it is not of the form OLD=NEW`);
  return { from, to };
}

/** Lists may be given in one word, with commas. */
function words(list: string[]): string[] {
  return list
    .flatMap((word) => word.split(","))
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
