import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

/** Who is making something: `<boot id>/<pid>/<start time of the process>`, so that a recycled pid is not mistaken for it. */
export async function ownerTag(pid = process.pid): Promise<string> {
  return `${await bootId()}/${pid}/${await processStart(pid)}`;
}

/** True while the process that wrote the tag is running on this machine. */
export async function ownerAlive(tag: string): Promise<boolean> {
  const [boot, pid, started] = tag.split("/");
  if (boot === undefined || pid === undefined || started === undefined) return false;
  if (boot !== (await bootId())) return false;
  return (await processStart(Number(pid))) === started;
}

/** True when the tag was written since this machine started. */
export async function fromThisBoot(tag: string): Promise<boolean> {
  return tag.split("/")[0] === (await bootId());
}

/** True while there is a process of this number here, whoever's it is. */
export function pidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

let place: string | undefined;

/** Where a pid of ours means something, in eight hexadecimal digits: this machine, or the container on it. */
export function pidPlace(): string {
  place ??= createHash("sha256").update(`${hostname()}\n${pidNamespace()}`).digest("hex").slice(0, 8);
  return place;
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

let boot: Promise<string> | undefined;

function bootId(): Promise<string> {
  boot ??= readBootId();
  return boot;
}

async function readBootId(): Promise<string> {
  try {
    return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim().replaceAll("-", "").slice(0, 16);
  } catch {
    const { run } = await import("./exec.ts");
    const { stdout } = await run(["sysctl", "-n", "kern.boottime"], { check: false });
    return /sec = (\d+)/.exec(stdout)?.[1] ?? "unknown";
  }
}

/** The start of a process in the kernel's own unit (opaque, only compared); "" when there is none. */
async function processStart(pid: number): Promise<string> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command's name may hold blanks and brackets; the fields begin behind its last bracket.
    const [state = "", ...fields] = line.slice(line.lastIndexOf(")") + 2).split(" ");
    // Dead, but nobody has fetched its status yet: for ever, where a container's first process doesn't.
    return state === "Z" || state === "X" ? "" : (fields[18] ?? "");
  } catch {
    if (process.platform === "linux") return "";
    const { run } = await import("./exec.ts");
    const { stdout } = await run(["ps", "-o", "lstart=", "-p", String(pid)], { check: false });
    return stdout.trim().replaceAll(" ", "-");
  }
}
