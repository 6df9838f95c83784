import type { DatabaseUrl } from "../kit/url.ts";
import type { ProjectFolder } from "./project-folder.ts";

/** Every tool that `--tool` names, besides plain SQL files. */
export const toolNames = [
  "liquibase",
  "flyway",
  "alembic",
  "prisma",
  "drizzle",
  "knex",
  "node-pg-migrate",
  "dbmate",
  "goose",
  "django",
  "rails",
] as const;
export type ToolName = (typeof toolNames)[number];

/** What tells that a folder is a tool's. */
export interface Finding {
  /** The file, relative to the folder that was looked at. */
  file: string;
  /** The folder of its migrations, where the tool must be told. */
  migrations?: string;
}

/** How a tool is started. */
export interface ToolStart {
  argv: string[];
  /** The connection in the form that the tool expects, over what all get. */
  env: Record<string, string>;
  /** A file that is made for the run (0600); `{file}` in `argv` becomes its path. It may hold the password. */
  file?: { name: string; content: string };
}

/** A migration tool. */
export interface Tool {
  /** Looks for its files. */
  find(folder: ProjectFolder): Promise<Finding | undefined>;
  /** As its own users start it. Throws `TOOL_MISSING`. */
  start(request: { folder: ProjectFolder; found: Finding | undefined; access: DatabaseUrl }): Promise<ToolStart>;
}
