import type { Session } from "../../engine/index.ts";
import { mysql } from "../../engine/mysql/index.ts";
import type { Build } from "../build.ts";
import { converse } from "../conversation.ts";
import { buildFailure, reduceOutput } from "./errors.ts";

/** Runs SQL in the workshop's server over its socket; resolves to the client's output. Throws reduced errors. */
export async function sql(
  build: Build,
  text: string,
  options: { database?: string | undefined; action?: string } = {},
): Promise<string> {
  const client = mysql.adminClient(build.workshop.place, options.database, build.server);
  const { status, stdout, stderr } = await build.workshop.run(client, { input: text });
  if (status !== 0)
    throw buildFailure(options.action ?? "prepare the base", reduceOutput(stderr, build.serverErrors()));
  return stdout;
}

/**
 * Hands over a session with the workshop's server over its socket, because a container's server has no address that the
 * driver could reach. It knows queries of one column of text without newlines, `j`, which the catalog's are.
 */
export async function withWorkshopSession<T>(
  build: Build,
  look: (session: Session) => Promise<T>,
  database: string | null = build.database,
): Promise<T> {
  const client = mysql.adminClient(build.workshop.place, database ?? undefined, build.server);
  const failure = (errors: string) => buildFailure("look at the base", reduceOutput(errors, build.serverErrors()));
  const { ask, close } = converse(build.workshop, { ...client, args: [...client.args, "--unbuffered"] }, failure);
  const query = async <Row>(text: string) => {
    const lines = (await ask(text)).split("\n").filter((line) => line !== "");
    return lines.map((j) => ({ j })) as Row[];
  };
  try {
    return await look({ server: build.server, database: database ?? "", query, close });
  } finally {
    await close();
  }
}
