import { openSqlite } from "../engine/sqlite/open.ts";
import { withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import { usageError } from "../kit/errors.ts";
import type { DiffOptions, Plan } from "../schema/change.ts";
import type { SchemaDialect } from "../schema/dialect.ts";
import { dialects } from "../schema/dialects.ts";
import { ENGINE_TITLES, type FullSchema } from "../schema/model-objects.ts";
import { withDatabases } from "./open.ts";
import { labelOf, type Reference } from "./reference.ts";

/** Two databases to compare. */
export interface Pair {
  a: Reference;
  b: Reference;
  /** `--engine`: what files are loaded into. */
  engine: string | undefined;
}

/** Two schemas, and what turns the first into the second. */
export interface Comparison {
  a: FullSchema;
  b: FullSchema;
  dialect: SchemaDialect;
  plan: Plan;
}

/** Reads both databases and compares them. Throws exit 2 when they are of different engines. */
export async function compareSchemas(pair: Pair, options: DiffOptions, call: Conversation): Promise<Comparison> {
  const [a, b] = await readBoth(pair, call);
  if (a.engine !== b.engine) throw differentEngines(pair, ENGINE_TITLES[a.engine], ENGINE_TITLES[b.engine]);
  const dialect: SchemaDialect = dialects[a.engine];
  return { a, b, dialect, plan: dialect.diff(a, b, options) };
}

function differentEngines({ a, b }: Pair, first: string, second: string): Error {
  return usageError(
    `Cannot compare ${labelOf(a)} with ${labelOf(b)}: the one is ${first}, the other ${second}`,
    "A schema turns into another of the same engine only",
    "ENGINE_MISMATCH",
  );
}

async function readBoth(pair: Pair, call: Conversation): Promise<[FullSchema, FullSchema]> {
  const { a, b, engine } = pair;
  const sqlite = (reference: Reference) =>
    reference.kind === "sqlite" ||
    (reference.kind === "file" &&
      (engine === "sqlite" || (engine === undefined && [a.kind, b.kind].includes("sqlite"))));
  if (sqlite(a) && sqlite(b)) return [await readSqlite(a), await readSqlite(b)];
  if (sqlite(a) || sqlite(b)) {
    const [first, second] = sqlite(a) ? ["SQLite", "not"] : ["not", "SQLite"];
    throw differentEngines(pair, first, second);
  }
  const [one, other] = await withDatabases([a, b], { call, engine }, (databases) =>
    Promise.all(databases.map(({ session, url }) => dialects[url.engine].read(session))),
  );
  if (one === undefined || other === undefined) throw new Error("There are two databases");
  return [one, other];
}

/** Of a database file, or of SQL that makes one in memory. */
async function readSqlite({ kind, word }: Reference): Promise<FullSchema> {
  const session = await openSqlite(kind === "sqlite" ? word : ":memory:");
  return withCleanup(
    async () => {
      if (kind === "file") await session.run(await Bun.file(word).text());
      return dialects.sqlite.read(session);
    },
    () => session.close(),
  );
}
