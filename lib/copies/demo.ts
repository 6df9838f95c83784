import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BaseRecord } from "../bases/catalogue.ts";
import { prepareReseed } from "../bases/prepare.ts";
import { reseed } from "../bases/reseed.ts";
import { servers } from "../engine/engines.ts";
import { type Config, loadConfig } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { type Step, steps } from "../kit/progress.ts";
import { howToRun } from "../kit/runner.ts";
import { paint } from "../kit/stdio.ts";
import { table } from "../kit/table.ts";
import { formatBytes, formatDuration } from "../kit/units.ts";
import type { DemoGround } from "./demo-ground.ts";
import type { DemoHome } from "./demo-home.ts";
import { baseIdsInUse } from "./in-use.ts";
import { copyOfBase } from "./open.ts";
import { accessTo, type CopyRecord } from "./record.ts";

/** Rows of the shop's tables, by table. */
export type Counts = Record<"customers" | "orders" | "payments", number>;

const story = steps();

/** The demo's configuration: its own, whatever the user's says. */
export async function configureDemo(folder: string, ground: DemoGround): Promise<Config> {
  const file = join(folder, "ditto.yaml");
  // JSON is YAML.
  const { runtime, image, bind } = ground;
  // The shop's customers are made up.
  await writeFile(
    file,
    JSON.stringify({ project: "shop", runtime, copy: { image, bind }, obfuscation: { unreviewed: "allow" } }),
  );
  return loadConfig({ configPath: file, env: {} });
}

/** Loads the shop and freezes it as a base. */
export async function loadShop(config: Config, say: (text: string) => void): Promise<BaseRecord> {
  const file = /mysql|mariadb/i.test(config.copy.image) ? "shop-mysql.sql" : "shop-postgres.sql";
  const path = fileURLToPath(new URL(`../../templates/demo/${file}`, import.meta.url));
  return told(`reseed --from ${file}`, async (step) => {
    const wishes = {
      flags: { from: path, "schema-only": false, jobs: undefined },
      say: aside(say),
      verboseSay: () => {},
    };
    const request = await prepareReseed(config, wishes, baseIdsInUse);
    const base = await reseed({ ...request, step: (title) => announce(step, title), warn: aside(say) });
    return {
      result: base,
      note: `${base.tables} tables, ${base.rows.toLocaleString("en")} rows, ${formatBytes(base.frozen.bytes)}`,
    };
  });
}

/** The work's own steps stand behind the story's. */
function announce(step: Step, title: string) {
  step.update({ note: title });
  return { update() {} };
}

/** What the runtime has to say on the way; which one it is was said before. */
function aside(say: (text: string) => void): (text: string) => void {
  return (text) => text.startsWith("Runtime: ") || say(paint(2).dim(`  ${text}`));
}

/** Makes a copy. */
export function makeCopy(config: Config, name: string, say: (text: string) => void): Promise<CopyRecord> {
  return told(`copy create --name ${name}`, async () => {
    const copy = await copyOfBase(config, { name, ttl: 3600 }, aside(say));
    return { result: copy, note: `${copy.host}:${copy.port}` };
  });
}

/** Deletes all customers of one copy, with everything that hangs on them; resolves to their number. */
export function wreck(copy: CopyRecord): Promise<number> {
  const statement = "DELETE FROM customers";
  return told(`copy sql ${copy.name} -c "${statement}"`, async () => {
    const before = await countRows(copy);
    await query(copy, statement);
    const { customers, orders } = await countRows(copy);
    if (customers + orders > 0) throw new Error(`"${statement}" left ${customers} customers and ${orders} orders`);
    return { result: before.customers, note: `all ${before.customers} are gone` };
  });
}

/** What the shop of a copy holds. */
async function countRows(copy: CopyRecord): Promise<Counts> {
  const count = (name: string) => `(SELECT count(*) FROM ${name}) AS ${name}`;
  const [row] = await query(copy, `SELECT ${["customers", "orders", "payments"].map(count).join(", ")}`);
  return { customers: Number(row?.customers), orders: Number(row?.orders), payments: Number(row?.payments) };
}

/** The counts of several copies by their names, in this order. */
export async function countAll(copies: CopyRecord[]): Promise<Map<string, Counts>> {
  return new Map(await Promise.all(copies.map(async (copy) => [copy.name, await countRows(copy)] as const)));
}

async function query(copy: CopyRecord, sql: string): Promise<Record<string, unknown>[]> {
  const session = await servers[copy.engine].connect(await accessTo(copy));
  try {
    return await session.query(sql);
  } finally {
    await session.close();
  }
}

/** The copies' counts as a table. Throws when one that nobody touched isn't as the others. */
export function compareCounts(counts: Map<string, Counts>, wrecked: string): string {
  const [first, ...others] = [...counts].filter(([name]) => name !== wrecked);
  for (const [name, held] of others) {
    if (JSON.stringify(held) === JSON.stringify(first?.[1]) && held.customers > 0) continue;
    throw new DittoError(`The copies are not independent: "${name}" holds ${held.customers} customers`, {
      code: "DEMO_FAILED",
      hint: "Please report this",
    });
  }
  const rows = [...counts].map(([name, { customers, orders, payments }]) => [
    `  ${name}`,
    ...[customers, orders, payments].map(String),
  ]);
  return table(rows, { head: ["  COPY", "CUSTOMERS", "ORDERS", "PAYMENTS"], right: [1, 2, 3] });
}

/** Shows one step of the story while it runs, and its time. */
async function told<T>(title: string, action: (step: Step) => Promise<{ result: T; note: string }>): Promise<T> {
  const step = story.step(title);
  try {
    const { result, note } = await action(step);
    step.done(note);
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}

/** Removes everything, as the story's last step. */
export function cleanUp(home: DemoHome): Promise<void> {
  return told("3 servers, their data and the base", async () => ({
    result: await home.remove(),
    note: "nothing is left",
  }));
}

/** A line that begins a chapter. */
export function heading(title: string): string {
  return `\n${paint(2).bold(title)}`;
}

/** What to type next, a line each, as it works here. */
export async function nextCommands(): Promise<string[]> {
  const runner = howToRun();
  return [
    `${runner} scripts/setup.ts               # asks for your database, and proposes what to mask`,
    `${runner} scripts/copy.ts run -- npm test`,
  ];
}

/** The story's end. */
export function farewell(totalMs: number, next: string[]): string {
  return `\nThat took ${formatDuration(totalMs)} in all. Now with your own database:\n\n${next.map((line) => `  ${line}`).join("\n")}`;
}

/** The demo as JSON. */
export function demoJson(told: {
  ground: DemoGround;
  base: BaseRecord;
  copies: CopyRecord[];
  counts: Map<string, Counts>;
  total_ms: number;
}): object {
  const { ground, base, copies, counts, total_ms } = told;
  return {
    runtime: ground.runtime,
    image: ground.runtime === "native" ? "" : ground.image,
    engine: base.server.flavour,
    version: base.server.version,
    base: {
      tables: base.tables,
      rows: base.rows,
      bytes: base.frozen.bytes,
      method: base.frozen.method,
      duration_ms: base.durationMs,
    },
    copies: copies.map(({ name, method, readyMs }) => ({ name, method, ready_ms: readyMs, ...counts.get(name) })),
    total_ms,
  };
}
