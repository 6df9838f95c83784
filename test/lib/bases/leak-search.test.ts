import { expect, test } from "bun:test";
import { LeakSearch } from "../../../lib/bases/leak-search.ts";
import { planMasks } from "../../../lib/mask/plan.ts";
import { table } from "../schema/table.ts";

const logins = table("logins", ["id int", "address varchar(45)"]);
const plan = planMasks("mysql", { engine: "mysql", database: "shop", tables: [logins] }, [
  { table: "logins", column: "address", strategy: "replace", type: "ip" },
]);

/** How many values are looked for, and found in these bytes. */
function search(values: string[], text: string): [number, number] {
  const leaks = new LeakSearch();
  leaks.take(plan, logins, new Map([["address", values]]));
  leaks.watch()?.({ schema: "shop", name: "logins" })(Buffer.from(text));
  return [leaks.values, leaks.leaks().length];
}

test("a raw address that stands in the base is found", () => {
  expect(search(["10.11.12.13"], "1\t10.11.12.13\n")).toEqual([1, 1]);
  expect(search(["10.11.12.13"], "1\t192.0.2.13\n")).toEqual([1, 0]);
});

test("an address of those that pseudonyms are drawn from is not looked for", () => {
  expect(search(["203.0.113.113", "198.51.100.7", "2001:db8::1234:5678"], "1\t203.0.113.113\n")).toEqual([0, 0]);
});

test("many columns share out what is looked for, and those that get nothing are named", () => {
  const searched = (count: number) => {
    const names = Array.from({ length: count }, (_, at) => `c${at}`);
    const wide = table(
      "wide",
      names.map((name) => `${name} text`),
    );
    const rules = names.map((name) => ({ table: "wide", column: name, strategy: "hash" as const }));
    const leaks = new LeakSearch();
    const values = (name: string) => Array.from({ length: 30 }, (_, at) => `${at}@${name}.corp.io`);
    const all = planMasks("mysql", { engine: "mysql", database: "shop", tables: [wide] }, rules);
    leaks.take(all, wide, new Map(names.map((name) => [name, values(name)])));
    leaks.watch()?.({ schema: "shop", name: "other" })(Buffer.from(`0@c${count - 1}.corp.io`));
    return { values: leaks.values, found: leaks.leaks().length, left: leaks.unsought.length };
  };
  expect(searched(10)).toEqual({ values: 200, found: 1, left: 0 });
  expect(searched(300)).toEqual({ values: 3_000, found: 1, left: 0 });
  expect(searched(1_000)).toEqual({ values: 3_000, found: 1, left: 0 });
  expect(searched(1_001)).toEqual({ values: 3_000, found: 0, left: 1 });
});
