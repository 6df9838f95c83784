import { DittoError, usageError } from "../kit/errors.ts";
import { nearest } from "../kit/nearest.ts";
import { checkName } from "../kit/state.ts";
import { findCopy, type Scope, unreadable } from "./find.ts";
import type { CopyRecord } from "./record.ts";
import { knownSnapshots, pathOf, readSnapshots, type SnapshotRecord } from "./snapshot-record.ts";

const LIST = 'Run "bun scripts/snapshot.ts list" to see what there is';

/** The parts of `COPY/NAME`. */
export function splitPath(word: string): { copy: string; name: string } {
  const [copy = "", name = "", ...rest] = word.split("/");
  if (copy !== "" && name !== "" && rest.length === 0) return { copy, name: checkName(name, "a snapshot's name") };
  throw usageError(`Cannot find the snapshot "${word}": it is not of the form COPY/NAME`, LIST);
}

/** The snapshot that `COPY/NAME` means; its copy may be gone. Throws `SNAPSHOT_MISSING`, `SNAPSHOT_AMBIGUOUS`. */
export async function findSnapshot(word: string, scope: Scope): Promise<SnapshotRecord> {
  const { copy: owner, name } = splitPath(word);
  const copy = await findCopy(owner, scope).catch((error: DittoError) => {
    if (error.code !== "COPY_UNKNOWN") throw error;
    return undefined;
  });
  if (copy) {
    const own = await ownSnapshot(copy, name);
    if (own) return own;
  }
  const left = (await knownSnapshots()).filter((snapshot) => snapshot.name === name && isOf(snapshot, owner, scope));
  const [only] = left;
  if (only && new Set(left.map(({ copyId }) => copyId)).size === 1) return only;
  if (only) {
    const ids = left.map(({ copyId }) => `${copyId}/${name}`).join(", ");
    throw usageError(
      `Cannot tell which snapshot "${word}" means`,
      `Name it by its copy's id: ${ids}`,
      "SNAPSHOT_AMBIGUOUS",
    );
  }
  throw await missing("find the snapshot", word);
}

function isOf({ copyId, copyName, project, source }: SnapshotRecord, owner: string, scope: Scope): boolean {
  if (copyName === owner) return project === scope.project && source === scope.source;
  return copyId.startsWith(owner);
}

/** A copy's own snapshot of this name. Throws for a record that can't be read. */
export async function ownSnapshot(copy: CopyRecord, name: string): Promise<SnapshotRecord | undefined> {
  const stored = (await readSnapshots()).filter(({ file }) => file.includes(`/${copy.id}/`));
  const found = stored.find(({ id }) => id === name);
  if (!found) return undefined;
  if (found.kind !== "record") throw unreadable("snapshot", found);
  return found.record;
}

/** The error for a snapshot that there isn't; `action` continues "Cannot …". */
export async function missing(action: string, word: string): Promise<DittoError> {
  const paths = (await knownSnapshots()).map(pathOf);
  const guess = nearest(word, paths);
  return new DittoError(`Cannot ${action} "${word}": there is none of this name`, {
    code: "SNAPSHOT_MISSING",
    hint: guess ? `Did you mean "${guess}"? ${LIST}` : LIST,
  });
}
