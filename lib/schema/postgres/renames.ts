import type { Change, DiffOptions, Statement } from "../change.ts";
import type { FullSchema } from "../model-objects.ts";
import { unfitRename } from "../unfit-rename.ts";
import { exclusive } from "./column-parts.ts";
import { renameColumn } from "./rename-column.ts";
import { followUp } from "./rename-followers.ts";
import { renameLabel, renameRelation, renameType } from "./rename-objects.ts";
import type { Taken } from "./rename-words.ts";

/** A as it is once the confirmed renames are done, and what does them. */
export interface Renamed {
  schema: FullSchema;
  changes: Change[];
  statements: Statement[];
}

/** Does the confirmed renames in the model of A. Throws exit 2 for one that fits nothing. */
export function takeRenames(a: FullSchema, b: FullSchema, { renames }: DiffOptions): Renamed {
  let schema = a;
  const taken: Taken[] = [];
  // Tables first, so that their columns may be named by either name.
  const left = renames.filter((rename) => {
    const done = renameRelation(schema, b, rename) ?? renameType(schema, b, rename);
    if (done === undefined) return true;
    schema = done.schema;
    taken.push(done.taken);
    return false;
  });
  for (const rename of left) {
    const done = renameColumn(schema, b, rename) ?? renameLabel(schema, b, rename);
    if (done === undefined) throw unfitRename(rename);
    schema = done.schema;
    taken.push(done.taken);
  }
  if (taken.length > 0) schema = followUp(schema, b, taken);
  return {
    schema,
    changes: taken.map((one) => changeOf(one)),
    statements: taken.map((one) => ({
      sql: one.sql,
      hazards: one.table === undefined ? [] : [exclusive(one.table)],
      transactional: true,
      change: changeOf(one).id,
    })),
  };
}

function changeOf({ kind, from, to }: Taken): Change {
  return { id: `rename:${kind} ${to}`, kind, name: to, action: "rename", words: [`name: ${from} → ${to}`] };
}
