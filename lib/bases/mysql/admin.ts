import type { Session } from "../../engine/index.ts";
import { mysql } from "../../engine/mysql/index.ts";
import type { Build } from "../build.ts";
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
 * A session with the workshop's server over its socket, because a container's server has no address that the driver
 * could reach. It knows queries of one column of text without newlines, `j`, which the catalog's are.
 */
export function workshopSession(build: Build, database: string | null = build.database): Session {
  return {
    server: build.server,
    database: database ?? "",
    async query<Row>(text: string) {
      const output = await sql(build, `${text};\n`, { database: database ?? undefined, action: "look at the base" });
      return output
        .split("\n")
        .filter((line) => line !== "")
        .map((j) => ({ j })) as Row[];
    },
    close: async () => {},
  };
}
