import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";

/** Anonymous and shared memory of a server, in bytes, and who counted it. */
export interface Memory {
  bytes: number;
  source: string;
}

/** The memory of a copy in a container; undefined where its processes can't be seen from here (a virtual machine's). */
export async function containerMemory(tool: "docker" | "podman", id: string): Promise<Memory | undefined> {
  const pid = await firstProcess(tool, id);
  if (pid === undefined) return undefined;
  const own = await cgroupsOf("self");
  const [path] = (await cgroupsOf(pid)).filter((one) => !own.some(({ folder }) => folder === one.folder));
  const counted = path && (await ofCgroup(path));
  // A container without a cgroup of its own has at least its own process numbers.
  return counted ?? ofProcesses(await namespaceMembers(pid));
}

/** The memory of a copy on this host: of the processes that work in its folder. */
export async function folderMemory(folder: string): Promise<Memory | undefined> {
  const inFolder: string[] = [];
  for (const pid of await processes()) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (cwd.startsWith(`${folder}/`)) inFolder.push(pid);
  }
  return ofProcesses(inFolder);
}

async function firstProcess(tool: "docker" | "podman", id: string): Promise<string | undefined> {
  const options = { env: readProvisioned().podman.env };
  const filter = ["--filter", `label=ditto.id=${id}`, "--filter", "label=ditto.kind=copy"];
  const { stdout: container } = await attempt([tool, "ps", "-q", ...filter], options);
  const { stdout } = await attempt([tool, "inspect", "--format", "{{.State.Pid}}", container.trim()], options);
  return (await processes()).find((pid) => pid === stdout.trim());
}

interface Cgroup {
  version: 1 | 2;
  folder: string;
}

async function cgroupsOf(pid: string): Promise<Cgroup[]> {
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  return text.split("\n").flatMap((line): Cgroup[] => {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers.split(",").includes("memory")) return [{ version: 1, folder: join("/sys/fs/cgroup/memory", path) }];
    // Version 2 beside version 1 has no memory controller, so its file is missing and the next is tried.
    return controllers === "" && path !== "" ? [{ version: 2, folder: join("/sys/fs/cgroup", path) }] : [];
  });
}

/** In version 1 "rss" is what version 2 calls "anon"; both leave out shared memory, which Postgres's buffers are. */
async function ofCgroup({ version, folder }: Cgroup): Promise<Memory | undefined> {
  const text = await readFile(join(folder, "memory.stat"), "utf8").catch(() => "");
  const facts = new Map(text.split("\n").map((line) => line.split(" ") as [string, string]));
  const names = version === 1 ? ["total_rss", "total_shmem"] : ["anon", "shmem"];
  const parts = names.map((name) => Number(facts.get(name) ?? Number.NaN));
  const bytes = parts.reduce((sum, part) => sum + part, 0);
  return Number.isNaN(bytes) ? undefined : { bytes, source: `cgroup v${version}: ${names.join(" + ")}` };
}

/** Pages that several processes share count once, in parts. */
async function ofProcesses(pids: string[]): Promise<Memory | undefined> {
  let kilobytes = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    for (const [, amount] of text.matchAll(/^Pss_(?:Anon|Shmem): +(\d+) kB$/gm)) kilobytes += Number(amount);
  }
  return kilobytes === 0 ? undefined : { bytes: kilobytes * 1024, source: "smaps_rollup: Pss_Anon + Pss_Shmem" };
}

async function namespaceMembers(pid: string): Promise<string[]> {
  const namespaceOf = (one: string) => readlink(`/proc/${one}/ns/pid`).catch(() => "");
  const wanted = await namespaceOf(pid);
  const all = await Promise.all((await processes()).map(async (one) => ({ one, space: await namespaceOf(one) })));
  return wanted === "" ? [] : all.filter(({ space }) => space === wanted).map(({ one }) => one);
}

async function processes(): Promise<string[]> {
  return (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
}
