/**
 * Ends commands at moments that are spread evenly over their duration and looks at what is left: the tools, the things,
 * the source, the base. In the soak 30 moments for each command and signal, otherwise 2, no two of them the same.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ask, type Copy, type Stage, soak } from "./support/ground.ts";
import { until } from "./support/until.ts";

export const SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
export type Signal = (typeof SIGNALS)[number];

const MOMENTS = soak ? 30 : 2;
const SCRIPTS = join(import.meta.dir, "../../scripts");

const TOOL = /\b(pg_dump|pg_dumpall|pg_restore|psql|initdb|mysqldump|mariadb-dump|mysql|mariadb)\b(?!d)/;

/** A command that is to be ended early. */
export interface Victim {
  script: string;
  args: string[];
}

/** How a victim ended. */
export interface Death {
  /** Milliseconds from its start to the signal. */
  at: number;
  status: number;
  stdout: string;
  stderr: string;
}

/** How long a command takes when it is left alone, in milliseconds; in the soak the longer of two runs, each put back. */
export async function durationOf(stage: Stage, victim: Victim, putBack = async () => {}): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < (soak ? 2 : 1); round++) {
    const begun = performance.now();
    const { status, stderr } = await strike(stage, victim);
    if (status !== 0) throw new Error(`${victim.script} ${victim.args.join(" ")} ended with ${status}: ${stderr}`);
    times.push(performance.now() - begun);
    await putBack();
  }
  return Math.max(...times);
}

/** The middles of equal parts of a duration, dealt out to the signals, so that every part of the work is hit. */
export function momentsOf(duration: number, signal: Signal): number[] {
  const parts = MOMENTS * SIGNALS.length;
  const first = SIGNALS.indexOf(signal);
  return Array.from({ length: MOMENTS }, (_, at) =>
    Math.round((duration * (first + at * SIGNALS.length + 0.5)) / parts),
  );
}

/** Starts a victim in a session of its own and signals it: SIGINT to its whole group, as a terminal does, the others to it alone. */
export async function strike(stage: Stage, victim: Victim, blow?: { signal: Signal; at: number }): Promise<Death> {
  const { project } = stage;
  const child = Bun.spawn([process.execPath, join(SCRIPTS, `${victim.script}.ts`), ...victim.args], {
    cwd: project.folder,
    env: { ...process.env, ...stage.env, DITTO_NO_SWEEP: "1", NO_COLOR: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const said = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if (blow) {
    await Promise.race([Bun.sleep(blow.at), child.exited]);
    if (child.exitCode === null) process.kill(blow.signal === "SIGINT" ? -child.pid : child.pid, blow.signal);
  }
  await child.exited;
  const [stdout, stderr] = await said;
  return { at: blow?.at ?? 0, status: child.exitCode ?? 128 + signalNumber(child.signalCode), stdout, stderr };
}

function signalNumber(signal: string | number | null): number {
  return { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal ?? ""] ?? 0;
}

/** Tools that live on in the containers of a state folder, 10 s after their client's death at the latest. */
export async function livingTools(stage: Stage): Promise<string[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const tools = await toolsNow(stage);
    if (tools.length === 0 || Date.now() > deadline) return tools;
    await Bun.sleep(200);
  }
}

/** Servers, and what keeps a container open, are no tools. */
async function toolsNow({ ground, project, tool }: Stage): Promise<string[]> {
  if (ground.runtime === "native") return [];
  const containers = (await project.traces()).filter((trace) => trace.startsWith("container "));
  const lists = await Promise.all(containers.map((trace) => tool("top", trace.slice(10))));
  const lines = lists.flatMap(({ stdout }) => stdout.split("\n").slice(1));
  return lines.filter((line) => TOOL.test(line));
}

/** Sessions that ditto or its tools have open in a source. */
export async function sessionsIn(url: string, engine: "postgres" | "mysql"): Promise<unknown[]> {
  return ask(
    url,
    engine === "postgres"
      ? "SELECT application_name, state, query FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
      : "SELECT user, info FROM information_schema.processlist WHERE id <> connection_id() AND command <> 'Daemon'",
  );
}

/** Things and files that no base and no copy accounts for: what a sweep has to find and prune must not leave. */
export async function orphans(stage: Stage): Promise<string[]> {
  const { project } = stage;
  const files = project.files();
  const ids = (folder: string) =>
    files.flatMap((file) => new RegExp(`^${folder}/(\\w+)\\.json$`).exec(file)?.[1] ?? []);
  const snapshots = files.filter((file) => /^snapshots\/\w+\/.*\.json$/.test(file));
  const frozen = snapshots.map((file) => JSON.parse(readFileSync(join(project.home, file), "utf8")).id as string);
  const known = [...ids("bases"), ...ids("copies"), ...frozen];
  const traces = (await project.traces()).filter((trace) => !trace.startsWith("network "));
  const things = traces.filter((trace) => !known.some((id) => trace.includes(id)));
  return [...things, ...files.filter((file) => isUnfinished(project.home, file, files))];
}

/** Orphans that prune leaves. A daemon ends what a killed command began, so prune is given a few seconds. */
export async function orphansAfterPrune(stage: Stage): Promise<string[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    await stage.project.must("copy", ["prune"]);
    const left = await orphans(stage);
    if (left.length === 0 || Date.now() > deadline) return left;
    await Bun.sleep(200);
  }
}

function isUnfinished(home: string, file: string, files: string[]): boolean {
  if (/\.(tmp|partial)$/.test(file)) return true;
  if (/^dumps\/.*\.dump$/.test(file)) return !files.includes(`${file}.json`);
  return /^(tmp|work)\/./.test(file) && statSync(join(home, file)).isFile();
}

/** The copies that a state folder has on record, whatever their state. */
export function recordedCopies(stage: Stage): { id: string; status: string }[] {
  const { home } = stage.project;
  const files = stage.project.files().filter((file) => /^copies\/\w+\.json$/.test(file));
  return files.map((file) => JSON.parse(readFileSync(join(home, file), "utf8")));
}

/** A fresh copy is made and holds what the base held; it is deleted again. */
export async function serves(stage: Stage, contents: string): Promise<{ status: string; contents: string }> {
  const copy = await stage.create();
  const found = await contentsOf(copy, stage);
  await stage.project.must("copy", ["delete", copy.id]);
  return { status: copy.status, contents: found === contents ? contents : `differs: ${found}` };
}

/** A checksum over every item. */
export async function contentsOf(copy: Copy, { ground }: Stage): Promise<string> {
  const sum =
    ground.engine === "postgres"
      ? "SELECT md5(string_agg(t::text, ',' ORDER BY id)) AS sum FROM items t"
      : "SELECT sha2(group_concat(concat_ws('|', id, name, price) ORDER BY id), 256) AS sum FROM items";
  const [row] = await ask<{ sum: string }>(copy.connection_string, sum);
  return row?.sum ?? "";
}

/** Waits until a source is rid of every session, which a killed client's tools must give up by themselves. */
export async function untilQuiet(url: string, stage: Stage): Promise<void> {
  await until(async () => (await sessionsIn(url, stage.ground.engine)).length === 0, 10_000);
}
