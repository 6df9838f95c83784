import type { DatabaseUrl } from "../../kit/url.ts";
import type { ToolCommand } from "../index.ts";

function login(access: DatabaseUrl): Pick<ToolCommand, "args" | "env"> & { env: Record<string, string> } {
  return {
    args: ["-h", access.socket ?? access.host, "-p", String(access.port), "-U", access.user, "-d", access.database],
    env: { PGPASSWORD: access.password },
  };
}

/** psql on a person's terminal, or with one statement. */
export function userClient(access: DatabaseUrl, _server: unknown, sql?: string): ToolCommand {
  const { args, env } = login(access);
  return { tool: "psql", args: [...args, ...(sql === undefined ? [] : ["-v", "ON_ERROR_STOP=1", "-c", sql])], env };
}

/** psql that reads stdin. */
export function scriptClient(access: DatabaseUrl): ToolCommand {
  const { args, env } = login(access);
  return { tool: "psql", args: [...args, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], env };
}

/** Where psql says that a statement of stdin failed. */
export function scriptError(stderr: string): { line: number; message: string } | undefined {
  const found = /^psql:<stdin>:(\d+): (?:ERROR|FATAL|PANIC|error|invalid)\b:? *([\s\S]*)$/m.exec(stderr);
  return found ? { line: Number(found[1]), message: (found[2] ?? "").split("\n")[0] ?? "" } : undefined;
}

/** pg_dump without rows. */
export function schemaDump(access: DatabaseUrl): ToolCommand {
  const { args, env } = login(access);
  return { tool: "pg_dump", args: [...args, "--schema-only"], env: { ...env, PGAPPNAME: "ditto" } };
}

/** Without headings, the dump's own settings, and marks that differ from run to run. */
export function normaliseDump(text: string): string {
  return text
    .replace(/^--\n-- [^\n]*\n--\n/gm, "")
    .replace(/^-- (Dumped|PostgreSQL database dump|Started|Completed)[^\n]*\n/gm, "")
    .replace(/^\\(un)?restrict [^\n]*\n/gm, "")
    .replace(/^(SET [a-z_]+ = [^\n]*;|SELECT pg_catalog\.set_config\('search_path'[^\n]*)\n/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
