import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt, say } from "./exec.ts";
import { type Availability, cacheFolder } from "./report.ts";

/** Finds a Docker daemon, or starts one where this user may. One that already runs is left as it is. */
export async function provideDocker(): Promise<Availability> {
  if (!Bun.which("docker")) return { available: false, reason: "there is no docker command" };
  const first = await ask();
  if (first.available) return first;
  if (process.getuid?.() !== 0) return { available: false, reason: `${first.reason}; starting dockerd needs root` };
  if (existsSync("/run/systemd/system")) await attempt(["systemctl", "start", "docker"], { timeoutMs: 60_000 });
  else startDaemon();
  return waitForDaemon();
}

/** Whether a container, an image or a file made by that owner still has its maker. */
function ownerLives(owner: string): boolean {
  const [boot, pid] = owner.split("/");
  return boot === bootId() && owner === ownerOf(Number(pid));
}

/** `<boot id>/<pid>/<start time>`: names one process for ever, also after its pid was given to another. */
export function ownerOf(pid: number = process.pid): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${bootId()}/${pid}/${started}`;
  } catch {
    return `${bootId()}/${pid}/gone`;
  }
}

/** Removes the containers, with their anonymous volumes, that a killed test run left behind. */
export async function removeLeftovers(): Promise<void> {
  const format = '{{.ID}}\t{{.Label "ditto-test.owner"}}';
  const { stdout } = await attempt(["docker", "ps", "-a", "--filter", "label=ditto-test=1", "--format", format]);
  const dead = stdout.split("\n").flatMap((line) => {
    const [id, owner] = line.split("\t");
    return id && owner && !ownerLives(owner) ? [id] : [];
  });
  if (dead.length === 0) return;
  say(`removing ${dead.length} container(s) of a run that was killed`);
  await attempt(["docker", "rm", "--force", "--volumes", ...dead]);
}

async function ask(): Promise<Availability> {
  const { status, stderr } = await attempt(["docker", "version", "--format", "{{.Server.Version}}"], {
    timeoutMs: 20_000,
  });
  return status === 0
    ? { available: true, reason: "" }
    : { available: false, reason: stderr.trim().split("\n").at(-1) || "no Docker daemon answers" };
}

function startDaemon(): void {
  if (!Bun.which("dockerd")) return;
  removeStalePidFile();
  const log = openSync(daemonLog(), "a");
  say(`starting dockerd (log: ${daemonLog()})`);
  Bun.spawn(["setsid", "dockerd"], { stdin: "ignore", stdout: log, stderr: log }).unref();
}

/** Where /run outlives a reboot, dockerd takes any process that now has the old number for itself, and refuses. */
function removeStalePidFile(): void {
  const file = "/var/run/docker.pid";
  if (!existsSync(file)) return;
  const command = `/proc/${readFileSync(file, "utf8").trim()}/comm`;
  if (!existsSync(command) || readFileSync(command, "utf8").trim() !== "dockerd") rmSync(file);
}

async function waitForDaemon(): Promise<Availability> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer.available) return answer;
    await Bun.sleep(250);
  }
  return { available: false, reason: `dockerd did not answer within a minute; its log is ${daemonLog()}` };
}

function daemonLog(): string {
  return join(cacheFolder("logs"), "dockerd.log");
}

/** Changes with every start of the machine. */
export function bootId(): string {
  return existsSync("/proc/sys/kernel/random/boot_id")
    ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    : "unknown";
}
