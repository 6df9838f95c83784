import { drawAgainst } from "../erd/compare.ts";
import { type Diagram, type DiagramWish, diagramOf } from "../erd/diagram.ts";
import type { Conversation } from "../kit/cli.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { didYouMean } from "../kit/nearest.ts";
import { dialects } from "../schema/dialects.ts";
import { qualifiedName, type Schema } from "../schema/model.ts";
import { type OpenDatabase, withDatabases } from "./open.ts";
import { parseReference } from "./reference.ts";

/** What of a database is drawn, as the command line says it. */
interface DrawingCall extends Conversation {
  flags: {
    schema: string[];
    table: string | undefined;
    depth: number | undefined;
    engine: string | undefined;
  };
}

/** The diagram of the first database, with what differs from the second marked, where one is given. */
export async function readDiagrams([text, against]: [string, string | undefined], call: DrawingCall): Promise<Diagram> {
  const { schema: schemas, table, depth, engine } = call.flags;
  const wish: DiagramWish = {
    schemas,
    ...(table === undefined ? {} : { table }),
    ...(depth === undefined ? {} : { depth }),
  };
  const references = [text, ...(against === undefined ? [] : [against])].map(parseReference);
  const [now, before] = await withDatabases(references, { call, engine }, (databases) =>
    Promise.all(databases.map(readSchema)),
  );
  if (!now) throw new Error("there is at least one database");
  if (before && before.engine !== now.engine) {
    throw usageError(
      `Cannot draw ${text} against ${against}: one is ${now.engine}, the other ${before.engine}`,
      "Name two databases of one engine",
    );
  }
  refuseUnknown(now, before, wish);
  const diagram = diagramOf(now, wish);
  return before ? drawAgainst(diagram, diagramOf(before, wish)) : diagram;
}

function readSchema({ engine, session }: OpenDatabase): Promise<Schema> {
  return dialects[engine].readTables(session);
}

/** A table or schema that is in neither would give an empty picture. */
function refuseUnknown(now: Schema, before: Schema | undefined, { table, schemas = [] }: DiagramWish): void {
  const tables = [now, ...(before ? [before] : [])].flatMap((one) => one.tables);
  const unknown = (what: string, name: string, all: string[]) =>
    new DittoError(`Cannot draw the ${what} "${name}": there is none of that name`, {
      code: "NAME_UNKNOWN",
      exit: 2,
      hint: didYouMean(name, all),
    });
  const names = [...new Set(tables.flatMap((one) => [one.name, qualifiedName(one)]))];
  if (table !== undefined && !names.includes(table)) throw unknown("table", table, names);
  const all = [...new Set(tables.map(({ schema }) => schema))];
  const missing = schemas.find((schema) => !all.includes(schema));
  if (missing !== undefined) throw unknown("schema", missing, all);
}
