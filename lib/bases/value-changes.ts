import { DittoError } from "../kit/errors.ts";
import { Distinct, type Seen } from "../mask/distinct.ts";
import { openKey } from "../mask/key.ts";
import { type ValueMask, valueMask } from "../mask/value-mask.ts";
import type { RuleCount, ValueChange } from "./row-masks.ts";

/** What a rule did to some rows; `before` and `after` are of values raw and masked. */
export interface Count extends Pick<RuleCount, "seen" | "changed" | "kept"> {
  before: Seen;
  after: Seen;
}

/** What the rules did to some rows, in the order of the changes. */
export type Counts = Count[];

/** A change that can be made. */
export interface ReadyChange {
  index: number;
  by: number | undefined;
  flag: number | undefined;
  /** Undefined where the source has changed it already. */
  change: ((value: string, by?: string | null) => string) | undefined;
  count: Pick<RuleCount, "seen" | "changed" | "kept">;
  before: Distinct;
  after: Distinct;
}

/** Values that all the changes of a table together remember: some 10 MB. */
const REMEMBERED = 100_000;
const MOST_REMEMBERED = 30_000;

/** Readies changes; {@link countsOf} says what they did. */
export function readyChanges(changes: ValueChange[], secret: Uint8Array): ReadyChange[] {
  const key = openKey(secret);
  const drawn = changes.filter(({ request }) => request !== undefined).length;
  const remembered = Math.min(MOST_REMEMBERED, Math.ceil(REMEMBERED / Math.max(1, drawn)));
  return changes.map(({ index, by, flag, request, count: { name } }) => ({
    ...{ index, by, flag },
    change: request && guarded(name, valueMask(request, key, remembered)),
    count: { seen: 0, changed: 0, kept: 0 },
    ...{ before: new Distinct(), after: new Distinct() },
  }));
}

/** A row whose values lie in bytes. */
export interface Row {
  isNull(index: number): boolean;
  /** The engine's text form; of bytes in MySQL a character for each. */
  text(index: number): string;
  /** True for a condition behind the columns, by its number, that holds. */
  holds(flag: number): boolean;
}

/** Changes one row; what a column becomes is put into `made`. */
export function changeRow(changes: ReadyChange[], row: Row, made: (string | undefined)[]): void {
  for (const { index, by, flag, change, count, before, after } of changes) {
    if (flag !== undefined && row.holds(flag)) {
      count.kept++;
      continue;
    }
    if (row.isNull(index)) continue;
    count.seen++;
    if (change === undefined) {
      count.changed++;
      after.add(row.text(index));
      continue;
    }
    const value = made[index] ?? row.text(index);
    const result = by === undefined ? change(value) : change(value, row.isNull(by) ? null : row.text(by));
    before.add(value);
    after.add(result);
    if (result === value) continue;
    count.changed++;
    made[index] = result;
  }
}

/** What the changes did so far. */
export function countsOf(changes: ReadyChange[]): Counts {
  return changes.map(({ count, before, after }) => ({ ...count, before: before.seen, after: after.seen }));
}

/** Whatever breaks a mask would quote the value. */
function guarded(name: string, mask: ValueMask): ReadyChange["change"] {
  return (value, by) => {
    try {
      return mask(value, by);
    } catch (error) {
      throw error instanceof DittoError ? error : broken(name);
    }
  };
}

function broken(name: string): DittoError {
  return new DittoError(`Cannot mask ${name}: the mask broke on one of its values`, {
    code: "MASK_FAILED",
    hint: 'Please report the column\'s type and its rule. "nullify" and "redact" look at no value',
  });
}
