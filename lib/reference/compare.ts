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
  const plan = dialect.diff(a, b, options);
  for (const glob of plan.unmatched ?? [])
    call.say(`Note: --ignore "${glob}" left nothing out; a column is called TABLE.COLUMN`);
  return { a, b, dialect, plan };
}

function differentEngines({ a, b }: Pair, first: string, second: string): Error {
  return usageError(
    `Cannot compare ${labelOf(a)} with ${labelOf(b)}: the one is ${first}, the other ${second}`,
    "A schema turns into another of the same engine only",
    "ENGINE_MISMATCH",
  );
}

async function readBoth({ a, b, engine }: Pair, call: Conversation): Promise<[FullSchema, FullSchema]> {
  const [one, other] = await withDatabases([a, b], { call, engine }, (databases) =>
    Promise.all(databases.map((database) => dialects[database.engine].read(database.session))),
  );
  if (one === undefined || other === undefined) throw new Error("There are two databases");
  return [one, other];
}
