import { openKey } from "../../lib/mask/key.ts";
import type { Kind } from "../../lib/mask/kind.ts";
import type { Rule } from "../../lib/mask/rule.ts";
import { valueMask } from "../../lib/mask/value-mask.ts";

/** What one keyed value of a column costs, in microseconds of one processor. */
export interface ValueCost {
  column: string;
  with_memo: number;
  without_memo: number;
}

const VALUES = 500_000;

const TEXT: Kind = { is: "text", max: 60 };
const COLUMNS: { column: string; kind: Kind; unique?: boolean; rule: Partial<Rule>; make(n: number): string }[] = [
  {
    ...{ column: "email", kind: TEXT, unique: true, rule: { strategy: "replace", type: "email" } },
    make: (n) => `person.${n}@mail${n % 97}.test`,
  },
  {
    ...{ column: "first_name", kind: TEXT, rule: { strategy: "replace", type: "first_name" } },
    make: (n) => `F${((n * 7919) % 5000).toString(36)}`,
  },
  {
    ...{ column: "last_name", kind: TEXT, rule: { strategy: "replace", type: "last_name" } },
    make: (n) => `L${((n * 104_729) % 90_000).toString(36)}`,
  },
  {
    ...{ column: "phone", kind: TEXT, rule: { strategy: "replace", type: "phone" } },
    make: (n) => `+1-555-${n + 1_000_000}`,
  },
  {
    ...{ column: "api_key", kind: TEXT, rule: { strategy: "hash" } },
    make: (n) => `${(n * 7919).toString(16)}${n.toString(16).padStart(24, "0")}`,
  },
  {
    ...{ column: "born_on", kind: { is: "date" }, rule: { strategy: "shift", days: 30 } },
    make: (n) => new Date(Date.UTC(1945, 0, 1) + ((n * 7919) % 22_000) * 86_400_000).toISOString().slice(0, 10),
  },
];

/** Masks so many values of each column as come out of rows: strings that nobody has looked at before. */
export function measureValues(): ValueCost[] {
  const key = openKey(Buffer.alloc(32, 1));
  return COLUMNS.map(({ column, kind, unique = false, rule, make }) => {
    const request = {
      ...{ engine: "postgres" as const, kind, unique },
      rule: { table: "people", column, warn_only: false, ...rule } as Rule,
    };
    const cost = (remembered?: number) => {
      const mask = valueMask(request, key, remembered);
      const values = Array.from({ length: VALUES }, (_, n) => Buffer.from(make(n)).toString("latin1"));
      const before = process.cpuUsage();
      for (const value of values) mask(value);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / VALUES;
    };
    cost();
    return { column, with_memo: cost(), without_memo: cost(0) };
  });
}
