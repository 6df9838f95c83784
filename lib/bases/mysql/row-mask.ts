import type { RowMask } from "../row-masks.ts";
import type { RowColumn } from "./columns.ts";
import type { TransformRow } from "./rows.ts";

/** Changes a row's values as rules say; conditions stand behind the columns as 1 or 0. */
export function rowTransform({ changes }: RowMask, columns: RowColumn[]): TransformRow {
  return (values) => {
    const raw = changes.some(({ by }) => by !== undefined) ? values.slice() : values;
    for (const { index, by, flag, change, count } of changes) {
      const value = values[index] as Uint8Array | null;
      if (flag !== undefined && isTrue(values[columns.length + flag])) count.kept++;
      else if (value !== null) {
        count.seen++;
        if (change === undefined) {
          count.changed++;
          continue;
        }
        const text = decode(value, columns[index] as RowColumn);
        const other = by === undefined ? undefined : (raw[by] as Uint8Array | null);
        const changed = change(text, other == null ? other : decode(other, columns[by as number] as RowColumn));
        if (changed === text) continue;
        count.changed++;
        values[index] = Buffer.from(changed, columns[index]?.carriage === "binary" ? "latin1" : "utf8");
      }
    }
    values.length = columns.length;
  };
}

function isTrue(flag: Uint8Array | null | undefined): boolean {
  return flag?.length === 1 && flag[0] === 0x31;
}

function decode(value: Uint8Array, { carriage }: RowColumn): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  return carriage === "binary" ? bytes.toString("latin1") : bytes.toString("utf8");
}
