import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Build, Selection, SourceLook, TableRows, Transferred } from "../../../../lib/bases/build.ts";
import { sql } from "../../../../lib/bases/mysql/admin.ts";
import { fromSource } from "../../../../lib/bases/mysql/dump.ts";
import { mysqlTransfer } from "../../../../lib/bases/mysql/index.ts";
import type { RowMask, RowMasks } from "../../../../lib/bases/row-masks.ts";
import { startWorkshopServer } from "../../../../lib/bases/workshop.ts";
import type { ServerVersion } from "../../../../lib/engine/index.ts";
import { mysql } from "../../../../lib/engine/mysql/index.ts";
import { newId } from "../../../../lib/kit/state.ts";
import { parseDatabaseUrl } from "../../../../lib/kit/url.ts";
import type { MaskRequest } from "../../../../lib/mask/request.ts";
import { openRuntime } from "../../../../lib/runtime/open.ts";
import { qualifiedName, type Schema, type Table } from "../../../../lib/schema/model.ts";

/** What a transfer from a source gave. */
export interface Moved {
  look: SourceLook;
  transferred: Transferred;
  schema: Schema;
  warnings: string[];
  build: Build;
}

/** By `schema.table` and the column's index: what every value becomes. */
type Masks = Record<string, Record<number, string>>;

function masksOf(tables: Table[], masks: Masks): RowMasks {
  return new Map(
    tables.flatMap((table): [string, RowMask][] => {
      const values = masks[qualifiedName(table)];
      if (values === undefined) return [];
      const changes = Object.entries(values).map(([index, text]) => ({
        index: Number(index),
        by: undefined,
        flag: undefined,
        request: fixedText(text),
        count: { name: "", strategy: "replace" as const, seen: 0, changed: 0, kept: 0 },
      }));
      return [
        [
          qualifiedName(table),
          { table, selected: new Map(), flags: [], changes, secret: Buffer.alloc(32), ranges: [] },
        ],
      ];
    }),
  );
}

function fixedText(text: string): MaskRequest {
  const rule = { table: "t", column: "c", strategy: "redact" as const, with: text, warn_only: false };
  return { engine: "mysql", kind: { is: "text", max: Number.POSITIVE_INFINITY }, rule, unique: false };
}

/** A workshop with an empty server, in which one database after the other can be built. */
export interface Site {
  build(database: string, selection?: Partial<Selection>): Build & { warnings: string[] };
  move(url: string, options?: { selection?: Partial<Selection>; masks?: Masks }): Promise<Moved>;
  load(text: string, database: string, selection?: Partial<Selection>): Promise<Build>;
  portable(build: Build): Promise<{ rows: TableRows[]; file: string }>;
  /** Runs SQL as the administrator; bare rows with tabs. */
  sql(text: string, database?: string): Promise<string>;
  /** Runs a tool beside the server. */
  tool(tool: string[], args: string[], input?: string): Promise<string>;
  close(): Promise<void>;
}

const EVERYTHING: Selection = {
  tables: [],
  excludeTables: [],
  excludeTableData: [],
  rows: {},
  excludeExtensions: "auto",
  roles: "drop",
  largeObjects: "keep",
  schemaOnly: false,
};

/** Opens a workshop from an image, with a state folder of its own. */
export async function openSite(image: string, server: ServerVersion): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "ditto-mysql-"));
  process.env.DITTO_HOME = join(folder, "home");
  const { runtime } = await openRuntime("docker", () => {});
  const id = newId();
  const workshop = await runtime.openWorkshop({ id, image, user: "mysql", server, storage: "image" });
  const running = await startWorkshopServer(mysql, server, workshop, { settings: {}, traits: {} }).catch(
    async (error) => {
      await workshop.close();
      throw error;
    },
  );
  const makeBuild: Site["build"] = (database, selection = {}) => {
    const warnings: string[] = [];
    return {
      engine: mysql,
      server,
      workshop,
      selection: { ...EVERYTHING, ...selection },
      database,
      jobs: 2,
      disarms: false,
      step: () => ({ update: () => {} }),
      warn: (message) => warnings.push(message),
      serverErrors: running.errors,
      warnings,
    };
  };
  return {
    build: makeBuild,
    async move(url, { selection, masks = {} } = {}) {
      const source = parseDatabaseUrl(url);
      const session = await mysql.connect(source, { guest: true });
      const build = makeBuild(session.database, selection);
      const look = await mysqlTransfer.look(session, build.selection, 10_000);
      await mysqlTransfer.fits(build, look);
      const reach = { host: source.host };
      const toolbox = await runtime.openToolbox({ id, image, server, reach, workshop });
      try {
        const job = {
          ...build,
          source,
          session,
          look,
          toolbox,
          guest: { reading() {}, release: async () => {}, verdict: (failure: unknown) => failure },
          lockWaitMs: 10_000,
          recount: true,
          review: async ({ schema: { tables } }: { schema: Schema }) => masksOf(tables, masks),
        };
        const transferred = await fromSource(job);
        const schema = await mysqlTransfer.inspect(build);
        await mysqlTransfer.settle(build);
        return { look, transferred, schema, warnings: build.warnings, build };
      } finally {
        await toolbox.close();
        await session.close();
      }
    },
    async load(text, database, selection) {
      const build = makeBuild(database, selection);
      const path = join(folder, "input.sql");
      await Bun.write(path, text);
      await mysqlTransfer.fromFile(build, { name: "input.sql", form: "sql", path });
      await mysqlTransfer.inspect(build);
      await mysqlTransfer.settle(build);
      return build;
    },
    async portable(build) {
      const file = join(folder, `${build.database}.sql.gz`);
      return { rows: await mysqlTransfer.portableDump(build, file), file };
    },
    sql: (text, database) => sql(makeBuild(database ?? ""), text, database === undefined ? {} : { database }),
    async tool(tool, args, input) {
      const { status, stdout, stderr } = await workshop.run({ tool, args }, input === undefined ? {} : { input });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    },
    async close() {
      await running.stop();
      await workshop.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
