import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import { run } from "../../kit/exec.ts";
import { ownerTag } from "../../kit/owner.ts";

interface ProcessFacts {
  pid: number;
  parent: number;
  /** `R`, `S`, `T` (stopped), `Z` (ended, not yet collected) … */
  state: string;
  /** On somebody's terminal. */
  terminal: boolean;
}

/** Holds the tag of a copy's server script: `<boot id>/<pid>/<start time>`, see `ownerTag`. */
const PID_FILE = "server.pid";

/** The pid of the place's server script while it runs. A recycled pid has another start time and is not taken for it. */
export async function serverProcess(folder: string): Promise<{ pid: number; stopped: boolean } | undefined> {
  const tag = await readFile(pidFile(folder), "utf8").catch(() => "");
  const pid = Number(tag.split("/")[1] ?? "");
  if (!(pid > 1) || (await ownerTag(pid)) !== tag) return undefined;
  const facts = process.platform === "linux" ? readProcess(pid) : (await processes()).find((one) => one.pid === pid);
  // One that ended stays listed until its parent collects it, which in a container may be never.
  if (facts === undefined || facts.state === "Z") return undefined;
  return { pid, stopped: facts.state === "T" };
}

/**
 * Every process of a running server, the script first, those that stand still in all their threads marked so: a signal
 * to stop is not obeyed at once.
 */
export async function serverFamily(folder: string): Promise<{ pid: number; halted: boolean }[]> {
  const server = await serverProcess(folder);
  if (!server) return [];
  const all = (await processes()).filter(({ state }) => state !== "Z");
  const family = all.filter(({ pid }) => pid === server.pid);
  // The list grows while it is walked: children of children are found too.
  for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid));
  return family.map(({ pid, state }) => ({ pid, halted: state === "T" && threadsHalted(pid) }));
}

function threadsHalted(pid: number): boolean {
  if (process.platform !== "linux") return true;
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) =>
      / T | Z /.test(afterName(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))),
    );
  } catch {
    // It ended meanwhile, and is looked for again.
    return false;
  }
}

/** A command's name may hold blanks and brackets; the fields begin behind its last bracket. */
function afterName(line: string): string {
  return line.slice(line.lastIndexOf(")") + 1, line.lastIndexOf(")") + 5);
}

/** Where the tag stands. */
export function pidFile(folder: string): string {
  return join(folder, PID_FILE);
}

/**
 * Ends every process in a folder that is about to be removed, a copy's server first: it is asked to drop everything,
 * which frees what a killed one would leave in the kernel (Postgres: shared memory). Throws `STILL_RUNNING`.
 */
export async function endProcesses(path: string): Promise<void> {
  // The kernel tells working directories without symbolic links.
  const folder = await realpath(path).catch(() => path);
  const server = await serverProcess(folder);
  if (server) {
    const children = (await processes()).filter((one) => one.parent === server.pid);
    // The script itself has no trap for SIGQUIT and would only leave a core file.
    for (const { pid } of children) signal(pid, "SIGQUIT");
    for (const { pid } of children) signal(pid, "SIGCONT");
    signal(server.pid, "SIGCONT");
  } else {
    for (const pid of await occupants(folder, undefined)) signal(pid, "SIGTERM");
  }
  await settle(folder, server?.pid, 3000, undefined);
  if (await settle(folder, server?.pid, 10_000, "SIGKILL")) return;
  throw new DittoError(`Cannot remove "${folder}": a process in it can't be ended`, {
    code: "STILL_RUNNING",
    hint: `Look for it with "ps", e.g. one that waits for a disk, and run the command again`,
  });
}

/** Waits until nobody is left, sending `how` each time; false after the time limit. */
async function settle(
  folder: string,
  server: number | undefined,
  limitMs: number,
  how: NodeJS.Signals | undefined,
): Promise<boolean> {
  const until = Date.now() + limitMs;
  for (let pause = 4; ; pause = Math.min(pause * 1.5, 100)) {
    const left = await occupants(folder, server);
    if (left.length === 0) return true;
    if (Date.now() > until) return false;
    if (how) for (const pid of left) signal(pid, how);
    await Bun.sleep(pause);
  }
}

/**
 * The script's descendants, and whoever has its working directory in the folder: a server's processes have, and those
 * whose parent died are found by nothing else. A person's shell that happens to stand there is left alone.
 */
async function occupants(folder: string, server: number | undefined): Promise<number[]> {
  const all = (await processes()).filter((one) => one.state !== "Z" && one.pid !== process.pid);
  const found = new Set<number>(server !== undefined && all.some(({ pid }) => pid === server) ? [server] : []);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  for (const one of all) if (!one.terminal && isBelow(workingDirectory(one.pid), folder)) found.add(one.pid);
  return [...found];
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function processes(): Promise<ProcessFacts[]> {
  if (process.platform !== "linux") return processesByPs();
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

function readProcess(pid: number): ProcessFacts | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name may hold blanks and brackets; the fields begin behind its last bracket.
    const [state = "", parent, , , terminal] = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return { pid, parent: Number(parent), state, terminal: terminal !== "0" };
  } catch {
    return undefined;
  }
}

async function processesByPs(): Promise<ProcessFacts[]> {
  const { stdout } = await run(["ps", "-axo", "pid=,ppid=,state=,tty="], { check: false });
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, parent, state = "", terminal = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state: state.slice(0, 1), terminal: !/^\?+$/.test(terminal) };
    });
}
