import { readFile } from "node:fs/promises";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import { attempt } from "../provision/exec.ts";

/** What the figures depend on besides ditto. */
export interface Machine {
  date: string;
  cores: number;
  processor: string;
  memory_bytes: number;
  kernel: string;
  arch: string;
  /** "" where there is none. */
  docker: string;
  docker_storage: string;
  podman: string;
  bun: string;
  load_at_start: number[];
}

/** Others may use so much of a processor before a run is called disturbed. */
const QUIET_LOAD_PER_CORE = 0.25;
const QUIET_SHARE = 0.1;
const CALM_TRIES = 20;

export async function readMachine(podmanEnv: Record<string, string>): Promise<Machine> {
  const [docker, podman] = await Promise.all([
    attempt(["docker", "info", "--format", "{{.ServerVersion}}\t{{.Driver}}"], { timeoutMs: 20_000 }),
    attempt(["podman", "version", "--format", "{{.Client.Version}}"], { timeoutMs: 20_000, env: podmanEnv }),
  ]);
  const [version = "", storage = ""] = docker.status === 0 ? docker.stdout.trim().split("\t") : [];
  return {
    date: new Date().toISOString(),
    cores: cpus().length,
    processor: cpus()[0]?.model ?? "",
    memory_bytes: totalmem(),
    kernel: `${type()} ${release()}`,
    arch: arch(),
    docker: version,
    docker_storage: storage,
    podman: podman.status === 0 ? podman.stdout.trim() : "",
    bun: Bun.version,
    load_at_start: loadavg(),
  };
}

/** True when figures of both can stand in one table. */
export function sameMachine(a: Machine, b: Machine): boolean {
  const facts = ({ cores, memory_bytes, kernel, docker, docker_storage }: Machine) =>
    [cores, memory_bytes, kernel, docker, docker_storage].join();
  return facts(a) === facts(b);
}

/** A sentence when the load average says that this machine has other work, else undefined. */
export function loadWarning(machine: Machine): string | undefined {
  const [minute = 0] = machine.load_at_start;
  if (minute <= machine.cores * QUIET_LOAD_PER_CORE) return undefined;
  return `WARNING: the load average is ${minute.toFixed(1)} on ${machine.cores} cores: other work will be in the figures`;
}

/** How busy the machine is while the bench itself does nothing: the load average still remembers the last block. */
export interface Calm {
  load: number[];
  /** 0 to 1, of all processors. */
  busy: number;
  warning: string | undefined;
}

/** Waits until what the bench itself did last is over, and no longer when others are at work. */
export async function lookAround(): Promise<Calm> {
  let busy = await busyShare();
  for (let tries = 0; tries < CALM_TRIES && busy > QUIET_SHARE; tries++) busy = await busyShare();
  const warning =
    busy > QUIET_SHARE ? `WARNING: others use ${Math.round(busy * 100)} % of the processors just now` : undefined;
  return { load: loadavg(), busy: Math.round(busy * 1000) / 1000, warning };
}

/** Of one second. */
async function busyShare(): Promise<number> {
  const before = await processorTimes();
  await Bun.sleep(1000);
  const after = await processorTimes();
  const all = after.all - before.all;
  return all > 0 ? 1 - (after.idle - before.idle) / all : 0;
}

async function processorTimes(): Promise<{ all: number; idle: number }> {
  const text = await readFile("/proc/stat", "utf8").catch(() => "");
  const times = (text.split("\n")[0] ?? "").trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, waiting = 0] = times;
  return { all: times.reduce((sum, time) => sum + time, 0), idle: idle + waiting };
}
