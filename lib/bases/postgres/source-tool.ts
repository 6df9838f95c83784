import type { ToolCommand } from "../../engine/index.ts";
import type { DatabaseUrl } from "../../kit/url.ts";
import type { SourceBuild } from "../build.ts";
import { toolAddress } from "../reach.ts";
import { sourceEnvironment } from "./session.ts";

/** A tool of Postgres's against the source; the password goes through the environment. */
export function sourceTool(build: SourceBuild, tool: "pg_dump" | "psql", args: string[]): ToolCommand {
  const { source, toolbox } = build;
  const { host, port, hostAddress } = toolAddress(source, toolbox);
  const env = sourceEnvironment(source, build.look.traits.encoding ?? "UTF8", tool);
  const login = ["-h", source.socket ?? host, "-p", String(port), "-U", source.user, "-d", connectionString(source)];
  const address: Record<string, string> = hostAddress === undefined ? {} : { PGHOSTADDR: hostAddress };
  return { tool, args: [...args, ...login], env: { ...env, ...address } };
}

/** The database, and what libpq takes from nowhere else: how soon a connection that a firewall dropped is noticed, in seconds. */
function connectionString(source: DatabaseUrl): string {
  const database = source.database.replace(/['\\]/g, "\\$&");
  return `dbname='${database}' keepalives_idle=30 keepalives_interval=10 keepalives_count=6`;
}
