import type { DiffOptions, Plan, ScriptForm } from "./change.ts";
import type { Schema } from "./model.ts";
import type { FullSchema } from "./model-objects.ts";

/** A session of any engine; those of servers are such. */
export interface CatalogSession {
  readonly server: { flavour: FullSchema["server"]["flavour"]; version: string };
  readonly database: string;
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** All that is special about an engine's schemas: reading one, and what SQL turns one into another. */
export interface SchemaDialect {
  /** Reads everything, a round of queries for each kind of object. */
  read(session: CatalogSession): Promise<FullSchema>;
  /** Reads the tables alone, without the statements that make them: cheap where there are thousands. */
  readTables(session: CatalogSession): Promise<Schema>;
  /** What turns `a` into `b`. */
  diff(a: FullSchema, b: FullSchema, options: DiffOptions): Plan;
  script: ScriptForm;
}
