import { join } from "node:path";
import { countRows, readEverything } from "./client.ts";
import { BIGGEST } from "./content.ts";
import { diskUse } from "./disk.ts";
import { containerMemory, folderMemory, type Memory } from "./memory.ts";
import type { Block } from "./results.ts";
import type { Site } from "./site.ts";
import { summarize } from "./stats.ts";
import { stopIfInterrupted } from "./timed.ts";

export type CreateFigures = Pick<Block, "create" | "create_to_url" | "first_count" | "second_count" | "delete">;
export type IdleFigures = Pick<
  Block,
  "idle_copies" | "memory" | "memory_source" | "disk_untouched" | "disk_read" | "list"
>;

interface Created {
  id: string;
  url: string;
  ms: number;
  toUrlMs: number;
  readyAt: number;
}

/** Lets the kernel put away what the last container left (mounts, networks) before the next process is timed. */
const PAUSE_MS = 200;

const IDLE_MS = 30_000;

/** Makes a copy, counts its biggest table twice and deletes it, again and again. */
export async function measureCreates(site: Site, runs: number, tell: (text: string) => void): Promise<CreateFigures> {
  const rounds: Record<keyof CreateFigures, number>[] = [];
  for (let run = 0; run < runs; run++) {
    const copy = await create(site);
    const [first, second] = [await count(site, copy), await count(site, copy)];
    const removed = await site.home.run("copy", ["delete", copy.id, "--yes"]);
    rounds.push({
      create: copy.ms,
      create_to_url: copy.toUrlMs,
      first_count: first,
      second_count: second,
      delete: removed.ms,
    });
    tell(`copy ${run + 1}/${runs}: create ${ms(copy.ms)}, first count ${ms(first)}, delete ${ms(removed.ms)}`);
    await Bun.sleep(PAUSE_MS);
  }
  const all = (name: keyof CreateFigures) => summarize(rounds.map((round) => round[name]));
  return {
    create: all("create"),
    create_to_url: all("create_to_url"),
    first_count: all("first_count"),
    second_count: all("second_count"),
    delete: all("delete"),
  };
}

/** Lets copies stand idle and looks at what they take; then reads all of one. */
export async function measureIdle(site: Site, copies: number, tell: (text: string) => void): Promise<IdleFigures> {
  const bare = await diskUse(site, []);
  const created: Created[] = [];
  for (let made = 0; made < copies; made++) created.push(await create(site));
  const ids = created.map(({ id }) => id);
  tell(`${copies} idle copies, ${IDLE_MS / 1000} s`);
  const memory = (await Promise.all(created.map((copy) => memoryWhenIdle(site, copy)))).filter(
    (one) => one !== undefined,
  );
  stopIfInterrupted();
  const list: number[] = [];
  for (let run = 0; run < 10; run++) list.push((await site.home.run("copy", ["list"])).ms);
  const untouched = await diskUse(site, ids);
  const [one] = created;
  if (one) await readEverything(site.group.server.engine, one.url);
  const read = await diskUse(site, ids);
  await site.home.run("copy", ["delete", "--all", "--yes"]);
  const disk = Math.max(0, untouched - bare) / copies;
  return {
    idle_copies: copies,
    memory: memory.length > 0 ? summarize(memory.map(({ bytes }) => bytes)) : null,
    memory_source: memory[0]?.source ?? "",
    disk_untouched: Math.round(disk),
    disk_read: Math.round(disk + Math.max(0, read - untouched)),
    list: summarize(list),
  };
}

async function create(site: Site): Promise<Created> {
  const run = await site.home.run("copy", ["create", "--format", "pipe"]);
  const readyAt = performance.now();
  const url = run.stdout.trim();
  const { port } = new URL(url);
  const listed = await site.home.json<{ id: string; port: number; method: string }[]>("copy", ["list"]);
  const copy = listed.find((one) => String(one.port) === port);
  if (!copy) throw new Error(`copy list doesn't know the copy at port ${port}`);
  if (copy.method !== site.method.storage) throw new Error(`the copy was made by "${copy.method}"`);
  return { id: copy.id, url, ms: run.ms, toUrlMs: run.firstLineMs, readyAt };
}

async function count(site: Site, copy: Created): Promise<number> {
  const counted = await countRows(site.group.server.engine, copy.url, BIGGEST);
  if (counted.rows === site.filled.accounts) return counted.ms;
  throw new Error(`the copy has ${counted.rows} rows in ${BIGGEST} instead of ${site.filled.accounts}`);
}

async function memoryWhenIdle({ method, nativeRoot }: Site, copy: Created): Promise<Memory | undefined> {
  await Bun.sleep(Math.max(0, copy.readyAt + IDLE_MS - performance.now()));
  if (method.runtime === "native") return folderMemory(join(nativeRoot, "copies", copy.id));
  return containerMemory(method.runtime, copy.id);
}

function ms(milliseconds: number): string {
  return `${Math.round(milliseconds)} ms`;
}
