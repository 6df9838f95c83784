import { expect, test } from "bun:test";
import type { Build, Transfer } from "../../../lib/bases/build.ts";
import { openMasking } from "../../../lib/bases/masking.ts";
import type { Samples } from "../../../lib/bases/samples.ts";
import type { Session } from "../../../lib/engine/index.ts";
import type { Schema } from "../../../lib/schema/model.ts";
import { table } from "../schema/table.ts";

const primary = { name: "pk", kind: "primary key" as const, columns: ["id"], references: undefined, validated: true };
const people = table("people", ["id integer", "email text"], { keys: [primary] });
const schema: Schema = { engine: "postgres", database: "shop", tables: [people] };
const chosen = { whole: [people], filtered: [], emptied: [], left: [] };
const rows = (...emails: (string | null)[]): Samples =>
  new Map([
    ["id", emails.map((_, at) => String(at))],
    ["email", emails],
  ]);

/** Proves a base whose rows are `held` against a source's; resolves to what was warned of. */
async function prove(unreviewed: "fail" | "warn", held: Samples): Promise<string[]> {
  const [source, base] = [{}, {}] as [Session, Session];
  const transfer = {
    misfitsOfMasks: async () => [],
    readDefinitions: async () => [],
    sampleRows: async (session: Session) => (session === base ? held : rows("ann@corp.io", "bob@corp.io")),
    withBase: async <T>(_: Build, look: (session: Session) => Promise<T>) => look(base),
  } as Partial<Transfer> as Transfer;
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const rules = [{ table: "people", column: "email", strategy: "hash" as const }];
  const key = Buffer.alloc(32, 7).toString("hex");
  const masking = await openMasking(
    {
      ...{ project: "none", source: "none", warn, say() {} },
      masking: { rules, unreviewed, keySecret: `cmd:echo ${key}`, newKey: true, makesKey: false },
    },
    { engine: "postgres", transfer, session: source },
  );
  await masking.review({ schema, chosen } as unknown as Parameters<typeof masking.review>[0]);
  await masking.prove({ warn } as unknown as Build);
  return warnings;
}

test("a masked value that is in the base what it is in the source keeps the base from being announced", async () => {
  expect(await prove("fail", rows("0123456789abcdef", null))).toEqual([]);
  await expect(prove("fail", rows("0123456789abcdef", "bob@corp.io"))).rejects.toMatchObject({
    code: "RAW_VALUES",
    message: expect.stringContaining("1 of shop.people.email"),
  });
});

test("where columns without a rule may be, it is said", async () => {
  expect(await prove("warn", rows("ann@corp.io", "0123456789abcdef"))).toEqual([
    "Masked columns hold what they hold in the source: 1 of shop.people.email",
  ]);
});
