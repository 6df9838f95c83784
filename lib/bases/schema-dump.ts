import { servers } from "../engine/engines.ts";
import type { ServerEngine, ServerVersion, ToolCommand } from "../engine/index.ts";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Runtime, Toolbox } from "../runtime/index.ts";
import { sourceEnvironment } from "./postgres/session.ts";
import { reachOf, toolAddress } from "./reach.ts";

/** The definitions of a database as its engine's own tool writes them, read from where it is. */
export async function dumpSchema(
  url: DatabaseUrl,
  server: ServerVersion,
  { runtime, image }: { runtime: Runtime; image: string },
): Promise<string> {
  const engine: ServerEngine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  const id = newId();
  const request = { id, image: image || engine.image(server), server };
  const workshop = await runtime.openWorkshop({ ...request, user: engine.imageUser(server), storage: "copy" });
  return withCleanup(
    async () => {
      const toolbox = await runtime.openToolbox({ ...request, reach: reachOf(url), workshop });
      return withCleanup(
        async () => {
          const command = engine.name === "postgres" ? pgDump(url, toolbox) : mysqlDump(url, server, toolbox);
          const { status, stdout, stderr } = await toolbox.run(command);
          if (status === 0) return stdout;
          const said = stderr.trim().split("\n").at(-1);
          throw new DittoError(`Cannot rebuild the schema: the dump of its definitions failed (${said})`, {
            code: "DUMP_FAILED",
            hint: "Check that the user may read every table's definition, or leave --verify out",
          });
        },
        () => toolbox.close(),
      );
    },
    () => workshop.close(),
  );
}

function pgDump(url: DatabaseUrl, toolbox: Toolbox): ToolCommand {
  const { host, port, hostAddress } = toolAddress(url, toolbox);
  const login = ["-h", url.socket ?? host, "-p", String(port), "-U", url.user, "-d", url.database];
  const address: Record<string, string> = hostAddress === undefined ? {} : { PGHOSTADDR: hostAddress };
  return {
    tool: "pg_dump",
    args: ["--schema-only", "--no-tablespaces", "--no-subscriptions", "--no-security-labels", ...login],
    env: { ...sourceEnvironment(url, "UTF8", "pg_dump"), ...address },
  };
}

function mysqlDump(url: DatabaseUrl, server: ServerVersion, toolbox: Toolbox): ToolCommand {
  const { host, port } = toolAddress(url, toolbox);
  return servers.mysql.schemaDump({ ...url, host, port }, server);
}
