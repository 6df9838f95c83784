import { servers } from "../engine/engines.ts";
import type { ServerVersion } from "../engine/index.ts";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Runtime } from "../runtime/index.ts";
import { sourceEnvironment } from "./postgres/session.ts";
import { reachOf, toolAddress } from "./reach.ts";

/** The definitions of a Postgres database as its own pg_dump writes them, read from where it is. */
export async function dumpPostgresSchema(
  url: DatabaseUrl,
  server: ServerVersion,
  { runtime, image }: { runtime: Runtime; image: string },
): Promise<string> {
  const engine = servers.postgres;
  const id = newId();
  const request = { id, image: image || engine.image(server), server };
  const workshop = await runtime.openWorkshop({ ...request, user: engine.imageUser(server), storage: "copy" });
  return withCleanup(
    async () => {
      const toolbox = await runtime.openToolbox({ ...request, reach: reachOf(url), workshop });
      return withCleanup(
        async () => {
          const { host, port, hostAddress } = toolAddress(url, toolbox);
          const login = ["-h", url.socket ?? host, "-p", String(port), "-U", url.user, "-d", url.database];
          const address: Record<string, string> = hostAddress === undefined ? {} : { PGHOSTADDR: hostAddress };
          const { status, stdout, stderr } = await toolbox.run({
            tool: "pg_dump",
            args: ["--schema-only", "--no-tablespaces", "--no-subscriptions", "--no-security-labels", ...login],
            env: { ...sourceEnvironment(url, "UTF8", "pg_dump"), ...address },
          });
          if (status === 0) return stdout;
          throw new DittoError(`Cannot rebuild the schema: pg_dump failed (${stderr.trim().split("\n").at(-1)})`, {
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
