import { DittoError, usageError } from "../kit/errors.ts";
import { run } from "../kit/exec.ts";
import { nearest } from "../kit/nearest.ts";
import { recordsOf, type Stored, slug } from "../kit/state.ts";
import { type CopyRecord, readCopies } from "./record.ts";

/** Whose names count: names are unique per project and source. */
export interface Scope {
  project: string;
  source: string;
}

/** The copy that a user means by id, unique id prefix or name. Throws `COPY_UNKNOWN`, `COPY_AMBIGUOUS`. */
export async function findCopy(word: string, scope: Scope): Promise<CopyRecord> {
  const stored = await readCopies();
  const special = stored.find(({ id, kind }) => kind !== "record" && id === word);
  if (special) throw unreadable("copy", special);
  const copies = recordsOf(stored);
  // Every id begins with nothing at all.
  if (word === "")
    throw usageError("Cannot find a copy: its name is empty", 'Run "bun scripts/copy.ts list" to see what there is');
  const name = word === "@branch" ? await branchName() : word;
  const named = copies.find(
    (copy) => copy.name === name && copy.project === scope.project && copy.source === scope.source,
  );
  if (named) return named;
  const matching = copies.filter((copy) => copy.id.startsWith(name));
  const [only] = matching;
  if (only && (matching.length === 1 || only.id === name)) return only;
  if (only) {
    throw usageError(
      `Cannot tell which copy "${word}" means: ${matching.length} ids begin with it`,
      `Type more of the id: ${matching
        .map(({ id }) => id)
        .slice(0, 4)
        .join(", ")}`,
      "COPY_AMBIGUOUS",
    );
  }
  const guess = nearest(
    name,
    copies.flatMap((copy) => (copy.name ? [copy.name] : [copy.id])),
  );
  throw new DittoError(
    `Cannot find the copy "${word}": there is none of this name or id${scope.project ? ` in project "${scope.project}"` : ""}`,
    {
      code: "COPY_UNKNOWN",
      hint: guess
        ? `Did you mean "${guess}"? "bun scripts/copy.ts list" shows all`
        : 'Run "bun scripts/copy.ts list" to see what there is',
    },
  );
}

/** The current git branch as a name. */
export async function branchName(): Promise<string> {
  const { status, stdout } = await run(["git", "rev-parse", "--abbrev-ref", "HEAD"], { check: false });
  const branch = stdout.trim();
  if (status !== 0 || branch === "" || branch === "HEAD") {
    throw usageError('Cannot use "@branch": there is no current git branch here', "Give a name instead");
  }
  return slug(branch);
}

/** The error for a copy or a base whose record this ditto can't read. */
export function unreadable(what: "copy" | "base" | "snapshot", { file, kind }: Stored<unknown>): DittoError {
  return kind === "newer"
    ? new DittoError(`Cannot use this ${what}: its record is of a newer ditto ("${file}")`, {
        code: "RECORD_NEWER",
        hint: "Use the newer ditto, or update this one",
      })
    : new DittoError(`Cannot use this ${what}: its record is damaged ("${file}")`, {
        code: "STATE_CORRUPT",
        hint: 'Move the file away; "bun scripts/copy.ts prune" then removes what belonged to it',
      });
}
