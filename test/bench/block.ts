import { loadavg } from "node:os";
import { interrupted, withCleanup } from "../../lib/kit/cleanup.ts";
import { messageOf } from "../../lib/kit/errors.ts";
import { formatBytes } from "../../lib/kit/units.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { type Filled, fill } from "./content.ts";
import { measureCreates, measureIdle } from "./copies.ts";
import { freeBytes } from "./disk.ts";
import { lookAround } from "./machine.ts";
import { type Restorer, restorerOf } from "./own-tools.ts";
import type { Content, Group, Method, Plan, Server } from "./plan.ts";
import { measureReseeds } from "./reseed.ts";
import { type Block, type BlockName, type Gap, titleOf } from "./results.ts";
import { poolBytes, type Site, withSite } from "./site.ts";
import { type Summary, summarize } from "./stats.ts";

/** What a group's blocks have in common, and where they tell how far they are. */
interface Ground {
  plan: Plan;
  group: Group;
  source: Source;
  filled: Filled;
  say: (text: string) => void;
  /** Measured once for all methods: the dump doesn't know how its base is stored. */
  restore?: Pick<Block, "restore" | "restore_tool" | "dump_bytes">;
}

type Outcome = { block: Block } | { gap: Gap };

/** Measures one group, each of its methods on the same source, and hands every outcome to `done` at once. */
export async function measureGroup(
  plan: Plan,
  group: Group,
  { say, done }: { say: (text: string) => void; done: (outcome: Outcome) => Promise<void> },
): Promise<void> {
  const names = group.methods.map((method) => nameOf(group, method));
  const fail = async (left: BlockName[], kind: Gap["kind"], reason: string) => {
    for (const name of left) await done({ gap: { ...name, kind, reason } });
  };
  const tight = await whyTooTight(plan, group.content);
  if (tight !== undefined) return fail(names, "unavailable", tight);
  const finished = new Set<BlockName>();
  try {
    await withSource(group, say, async (source, filled) => {
      const ground: Ground = { plan, group, source, filled, say };
      for (const [at, method] of group.methods.entries()) {
        const name = names[at] as BlockName;
        await done(await attemptBlock(ground, method, name));
        finished.add(name);
      }
    });
  } catch (error) {
    if (interrupted()) throw error;
    await fail(
      names.filter((name) => !finished.has(name)),
      "failed",
      messageOf(error),
    );
  }
}

function nameOf({ server, content }: Group, method: Method): BlockName {
  return { engine: server.engine, version: server.version, database: content.label, method: method.name };
}

/** The source, what the own tools restore, two bases and their dumps, the pool, and copies that touch everything. */
async function whyTooTight(plan: Plan, { nominalBytes }: Content): Promise<string | undefined> {
  const [free, needed] = [await freeBytes(plan.scratch), poolBytes(nominalBytes) + 4 * nominalBytes];
  if (free >= needed) return undefined;
  return `the disk is too full: it takes about ${formatBytes(needed)}, and ${formatBytes(free)} are free`;
}

/** Starts a group's source, fills it, and stops it after `work`. */
export async function withSource(
  { server, content }: Group,
  say: (text: string) => void,
  work: (source: Source, filled: Filled) => Promise<void>,
): Promise<void> {
  say(`${server.engine} ${server.version}, ${content.label}: start the source and fill it`);
  const source = await startServer(server, "source");
  await withCleanup(
    async () => {
      const filled = await fill(source, content);
      say(
        `${filled.tables} tables, ${filled.accounts.toLocaleString("en")} accounts, ${formatBytes(filled.bytes)}, ${filled.files} files`,
      );
      await work(source, filled);
    },
    () => source.stop(),
  );
}

/** Settings that make filling a source quick; none of them changes how it is read. */
const QUICK: Record<Server["engine"], string[]> = {
  postgres: ["-c", "fsync=off", "-c", "max_wal_size=4GB", "-c", "max_locks_per_transaction=256"],
  mysql: ["--skip-log-bin", "--innodb-flush-log-at-trx-commit=2"],
  mariadb: ["--innodb-flush-log-at-trx-commit=2"],
};

/** Starts a server of the bench's own. */
export function startServer({ engine, version }: Omit<Server, "image">, name: "source" | "target"): Promise<Source> {
  // The host's own server, which native bases run on, may lack the image's locale.
  const initdbArgs = "--locale=C --encoding=UTF8";
  const args = name === "source" ? { args: QUICK[engine] } : {};
  return startSource({ engine, version, name: `bench-${name}`, initdbArgs, ...args });
}

async function attemptBlock(ground: Ground, method: Method, name: BlockName): Promise<Outcome> {
  try {
    return { block: await measureBlock(ground, method, name) };
  } catch (error) {
    if (interrupted()) throw error;
    ground.say(`${titleOf(name)}: FAILED: ${messageOf(error)}`);
    return { gap: { ...name, kind: "failed", reason: messageOf(error) } };
  }
}

async function measureBlock(ground: Ground, method: Method, name: BlockName): Promise<Block> {
  const { plan, group, source, filled } = ground;
  const calm = await lookAround();
  const begun = performance.now();
  const tell = (text: string) => ground.say(`${titleOf(name)}: ${text}`);
  if (calm.warning !== undefined) tell(calm.warning);
  tell("begin");
  const figures = await withSite(plan, { method, group, source, filled }, async (site) => {
    const reseeded = await measureAgainstOwnTools(ground, site, tell);
    return {
      ...reseeded,
      ...(await measureCreates(site, plan.runs, tell)),
      ...(await measureIdle(site, idleCopies(plan, method, group.content), tell)),
    };
  });
  const seconds = Math.round((performance.now() - begun) / 1000);
  tell(`done in ${seconds} s`);
  return {
    ...name,
    nominal_bytes: group.content.nominalBytes,
    database_bytes: filled.bytes,
    tables: filled.tables,
    files: filled.files,
    rows_of_biggest: filled.accounts,
    measured_at: new Date().toISOString(),
    seconds,
    load_before: calm.load,
    load_after: loadavg(),
    busy_before: calm.busy,
    ...figures,
  };
}

/** Where every copy holds all bytes, ten of a big database would fill the disk and flush the cache. */
function idleCopies({ runs }: Plan, { storage }: Method, { nominalBytes, smallTables }: Content): number {
  const big = nominalBytes > 200 * 1024 ** 2 || smallTables > 0;
  return storage === "copy" && big ? 1 : Math.min(runs, 10);
}

type AgainstOwn = Pick<Block, "reseed" | "base_bytes" | "restore" | "restore_tool" | "dump_bytes">;

/** Reseeds and restores beside an empty running server of the same version. */
async function measureAgainstOwnTools(ground: Ground, site: Site, tell: (text: string) => void): Promise<AgainstOwn> {
  const target = await startServer(ground.group.server, "target");
  return withCleanup(
    async () => {
      const { figures, made } = await measureReseeds(site, target, { pairs: ground.plan.pairs, tell });
      ground.restore ??= await measureRestore(ground, await restorerOf(made.dump, target), made.dump, tell);
      return { reseed: figures, base_bytes: made.baseBytes, ...ground.restore };
    },
    () => target.stop(),
  );
}

async function measureRestore(
  { plan, group }: Ground,
  { tool, restore }: Restorer,
  dump: string,
  tell: (text: string) => void,
): Promise<NonNullable<Ground["restore"]>> {
  const runs = restoreRuns(plan, group.content);
  const samples: number[] = [];
  for (let run = 0; run < runs; run++) samples.push(await restore());
  const summary: Summary = summarize(samples);
  tell(`${tool} of the same dump: ${(summary.median / 1000).toFixed(1)} s`);
  return { restore: summary, restore_tool: tool, dump_bytes: Bun.file(dump).size };
}

/** Only small ones are restored as often as copies are made: the rest differs by far more than the noise. */
function restoreRuns({ runs }: Plan, { nominalBytes, smallTables }: Content): number {
  return nominalBytes >= 100 * 1024 ** 2 || smallTables > 0 ? 1 : runs;
}
