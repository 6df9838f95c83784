import { Client } from "pg";
import { connect } from "../../lib/engine/postgres/connect.ts";
import { table } from "../../lib/kit/table.ts";
import { parseDatabaseUrl } from "../../lib/kit/url-parse.ts";
import { WHOLE } from "../../lib/schema/change.ts";
import { dialects } from "../../lib/schema/dialects.ts";
import { startSource, stopAllSources } from "../provision/sources.ts";
import type { SchemaCall } from "./run.ts";

/** Milliseconds of each part, and the most memory that this process took, in bytes. */
export interface SchemaFigures {
  read: number;
  diff: number;
  statements: number;
  memory: number;
}

/** 10 columns, 3 indexes (one of them the key's) and up to 2 foreign keys each. */
const TABLES = 2000;

/** `bench schema`: reading a large schema, and comparing it with a changed twin. */
export async function benchSchema(call: SchemaCall): Promise<number> {
  const version = call.flags.postgres ?? "17";
  const source = await startSource({
    engine: "postgres",
    version,
    name: "bench-schema",
    args: ["-c", "fsync=off", "-c", "max_locks_per_transaction=4096"],
  });
  try {
    await source.sql("CREATE DATABASE twin");
    const twin = new URL(source.url);
    twin.pathname = "/twin";
    await fill(source.url, 0);
    await fill(twin.href, 100);
    const figures = await measure(source.url, twin.href);
    call.answer(figures, () =>
      table(
        [
          ["read", `${figures.read} ms`, "≤ 3,000 ms"],
          ["diff against a changed twin", `${figures.diff} ms`, "≤ 1,000 ms"],
          ["statements", String(figures.statements), ""],
          ["memory", `${Math.round(figures.memory / 1e6)} MB`, "≤ 500 MB"],
        ],
        { head: ["what", "measured", "aim"] },
      ),
    );
    return 0;
  } finally {
    await stopAllSources();
  }
}

async function measure(a: string, b: string): Promise<SchemaFigures> {
  const { read, diff } = dialects.postgres;
  const times: number[] = [];
  const schemas = [];
  for (const url of [a, b]) {
    const session = await connect(parseDatabaseUrl(url));
    const begun = performance.now();
    schemas.push(await read(session));
    times.push(performance.now() - begun);
    await session.close();
  }
  const [one, other] = schemas;
  if (one === undefined || other === undefined) throw new Error("Two were read");
  const begun = performance.now();
  const plan = diff(one, other, WHOLE);
  return {
    read: Math.round(Math.max(...times)),
    diff: Math.round(performance.now() - begun),
    statements: plan.statements.length,
    memory: process.resourceUsage().maxRSS * 1024,
  };
}

/** Every `changed`th table is another; 0: none. */
async function fill(url: string, changed: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (let from = 0; from < TABLES; from += 200) {
    const some = Array.from({ length: 200 }, (_, at) => from + at);
    await client.query(some.map((at) => tableSql(at, changed > 0 && at % changed === 0)).join("\n"));
  }
  await client.end();
}

function tableSql(at: number, changed: boolean): string {
  const columns = Array.from(
    { length: 7 },
    (_, column) => `c${column} ${["text", "integer", "timestamptz", "numeric(10,2)"][column % 4]}`,
  );
  const references = [1, 2].map(
    (back) => `r${back} integer${at >= back && (at + back) % 4 !== 0 ? ` REFERENCES t${at - back}` : ""}`,
  );
  const extra = changed
    ? `ALTER TABLE t${at} ADD COLUMN added text; ALTER TABLE t${at} ALTER c1 TYPE bigint; CREATE INDEX ON t${at} (added);`
    : "";
  return `CREATE TABLE t${at} (id integer PRIMARY KEY, ${[...columns, ...references].join(", ")}); CREATE INDEX ON t${at} (c1); CREATE INDEX ON t${at} (c0, c2); ${extra}`;
}
