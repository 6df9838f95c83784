import type { DiffOptions } from "../change.ts";
import type { FullSchema } from "../model-objects.ts";
import { unfitRename } from "../unfit-rename.ts";

/** Confirmed renames that fit: what they name is in A, and the new name only in B. */
interface Renames {
  tables: Map<string, string>;
  /** The table's name in B → its columns' old names → new names. */
  columns: Map<string, Map<string, string>>;
}

/** Sorts the confirmed renames by what they are about. Throws exit 2 for one that fits nothing. */
export function takenRenames(a: FullSchema, b: FullSchema, { renames }: DiffOptions): Renames {
  const taken: Renames = { tables: new Map(), columns: new Map() };
  const same = (x: string, y: string) => x.toLowerCase() === y.toLowerCase();
  const table = (schema: FullSchema, name: string) =>
    schema.tables.find((one) => one.kind !== "view" && same(one.name, name));
  const isTable = ({ from, to }: DiffOptions["renames"][number]) => {
    const [old, now] = [table(a, from), table(b, to)];
    if (!old || !now || table(a, to) || table(b, from)) return false;
    taken.tables.set(old.name, now.name);
    return true;
  };
  const isColumn = ({ from, to }: DiffOptions["renames"][number]) => {
    for (let dot = from.indexOf("."); dot >= 0; dot = from.indexOf(".", dot + 1)) {
      const [tableName, column] = [from.slice(0, dot), from.slice(dot + 1)];
      const old = table(a, tableName) ?? a.tables.find(({ name }) => same(taken.tables.get(name) ?? "", tableName));
      const now = old && table(b, taken.tables.get(old.name) ?? old.name);
      if (!old || !now) continue;
      const target = to.startsWith(`${now.name}.`) ? to.slice(now.name.length + 1) : to;
      const [was, is] = [
        old.columns.find(({ name }) => same(name, column)),
        now.columns.find(({ name }) => same(name, target)),
      ];
      if (
        !was ||
        !is ||
        old.columns.some(({ name }) => same(name, target)) ||
        now.columns.some(({ name }) => same(name, column))
      )
        continue;
      const columns = taken.columns.get(now.name) ?? new Map<string, string>();
      taken.columns.set(now.name, columns.set(was.name, is.name));
      return true;
    }
    return false;
  };
  // Tables first, so that their columns may be named by either name.
  for (const rename of renames.filter((one) => !isTable(one))) if (!isColumn(rename)) throw unfitRename(rename);
  return taken;
}
