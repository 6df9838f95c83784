/**
 * A dockerd of a test's own, with its own data root, sockets and bridge: what prunes, restarts or fills never touches the
 * daemon that the contributor uses.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { basename, join } from "node:path";

export interface DockerResult {
  status: number;
  stdout: string;
  stderr: string;
}

export interface PrivateDockerd {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly dataRoot: string;
  /** The same over TCP, where that was asked for; else "". */
  readonly tcp: string;
  /** `docker …` on this daemon; never throws for a status. */
  docker(args: string[], options?: { input?: string }): Promise<DockerResult>;
  /** Stops the daemon in order, or with `crash` kills it, its helpers and its containers as a power cut would, and starts it. */
  restart(options?: { crash?: boolean }): Promise<void>;
  /** Ends everything and removes its containers, mounts, loop devices, bridge and files. */
  stop(): Promise<void>;
}

// Not the temporary folder: that may lie in memory, where loop devices and overlays behave differently.
const PARENT = "/var/tmp";
const PREFIX = "ditto-dockerd-";

/** Why no private daemon can run here; undefined when it can. */
export function whyNoPrivateDockerd(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  const missing = ["dockerd", "docker", "ip", "losetup"].filter((tool) => Bun.which(tool) === null);
  return missing.length > 0 ? `${missing.join(", ")} not installed` : undefined;
}

/**
 * Starts a daemon and loads `images` into it from the shared one. With `iptables` containers reach the outside, and the
 * chains are shared with the other daemon; without, published ports still work through docker-proxy.
 * With `tcpAddress` it listens there too, on a free port. With `memoryMegabytes` its data root is a file system in memory
 * of that size, with `diskMegabytes` ext4 in a sparse file; both are a test's to fill.
 */
export async function startPrivateDockerd(
  options: {
    images?: string[];
    iptables?: boolean;
    memoryMegabytes?: number;
    diskMegabytes?: number;
    tcpAddress?: string;
  } = {},
): Promise<PrivateDockerd> {
  await sweepStale();
  const folder = await mkdtemp(join(PARENT, `${PREFIX}${process.pid}-`));
  const host = `unix://${join(folder, "docker.sock")}`;
  const tcp = options.tcpAddress ? `tcp://${options.tcpAddress}:${freePort(options.tcpAddress)}` : "";
  const way = { host, tcp, iptables: options.iptables ?? false };
  const daemon: PrivateDockerd = {
    host,
    tcp,
    dataRoot: join(folder, "data"),
    docker: (args, { input } = {}) => execute(["docker", "--host", host, ...args], input),
    async restart({ crash = false } = {}) {
      await (crash ? killAll(folder) : endDaemon(folder));
      await launch(folder, way);
    },
    stop: () => demolish(folder, host),
  };
  try {
    await addBridge(bridgeName(folder));
    await mkdir(daemon.dataRoot);
    // Before the first start: what is mounted over a data root later, dockerd unmounts when it stops.
    const { memoryMegabytes: memory, diskMegabytes: disk } = options;
    if (memory) await must(["mount", "-t", "tmpfs", "-o", `size=${memory}m`, "ditto-test", daemon.dataRoot]);
    if (disk) await mountDisk(daemon.dataRoot, { file: join(folder, "disk"), megabytes: disk });
    await launch(folder, way);
    for (const image of options.images ?? []) await copyImage(image, host);
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return daemon;
}

/** Ext4, because it takes a write whose block it has only promised; nothing of it is kept for root. */
async function mountDisk(target: string, { file, megabytes }: { file: string; megabytes: number }): Promise<void> {
  await must(["truncate", "-s", `${megabytes}M`, file]);
  await must(["mkfs.ext4", "-q", "-m", "0", file]);
  await must(["mount", "-o", "loop", file, target]);
}

function freePort(hostname: string): number {
  const listener = Bun.listen({ hostname, port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function launch(
  folder: string,
  { host, tcp, iptables }: { host: string; tcp: string; iptables: boolean },
): Promise<void> {
  await mkdir(join(folder, "exec"), { recursive: true });
  await rm(join(folder, "docker.pid"), { force: true });
  const log = Bun.file(join(folder, "log"));
  const name = basename(folder);
  const child = Bun.spawn(
    [
      ...["dockerd", "--host", host, "--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
      ...["--pidfile", join(folder, "docker.pid"), "--bridge", bridgeName(folder)],
      // With a containerd of the system's running, dockerd shares it: only the namespace keeps the two apart.
      ...["--containerd-namespace", name, "--containerd-plugins-namespace", `plugins.${name}`],
      // Unless it is told that it means it, dockerd waits before it listens without TLS.
      ...(tcp ? ["--host", tcp, "--tls=false"] : []),
      ...(iptables ? [] : ["--iptables=false", "--ip-masq=false"]),
    ],
    { stdin: "ignore", stdout: log, stderr: log, detached: true },
  );
  child.unref();
  for (let tries = 0; tries < 300; tries++) {
    if ((await execute(["docker", "--host", host, "version"])).status === 0) return;
    if (child.exitCode !== null) break;
    await Bun.sleep(100);
  }
  throw new Error(`the private dockerd did not start:\n${(await log.text()).split("\n").slice(-8).join("\n")}`);
}

async function copyImage(image: string, host: string): Promise<void> {
  const save = Bun.spawn(["docker", "save", image], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const load = Bun.spawn(["docker", "--host", host, "load"], { stdin: save.stdout, stdout: "ignore", stderr: "pipe" });
  const [loaded, saved] = [await load.exited, await save.exited];
  if (saved !== 0) throw new Error(`docker save ${image}: ${await new Response(save.stderr).text()}`);
  if (loaded !== 0) throw new Error(`docker load ${image}: ${await new Response(load.stderr).text()}`);
}

/** 15 characters at most. */
function bridgeName(folder: string): string {
  return `dt-${Bun.hash(folder).toString(16).slice(0, 8)}`;
}

// Made beforehand: a daemon with --bridge=none deletes the other one's docker0, and without --bridge it shares it.
async function addBridge(name: string): Promise<void> {
  const routes = (await execute(["ip", "-4", "route"])).stdout;
  for (let tries = 0; tries < 50; tries++) {
    const net = `10.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 250)}`;
    if (routes.includes(`${net}.`)) continue;
    await must(["ip", "link", "add", name, "type", "bridge"]);
    await must(["ip", "address", "add", `${net}.1/24`, "dev", name]);
    await must(["ip", "link", "set", name, "up"]);
    return;
  }
  throw new Error("no free network for a bridge");
}

async function endDaemon(folder: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(folder, "docker.pid"), "utf8").catch(() => ""), 10);
  if (pid > 0 && (await commandLine(pid)).includes(folder)) {
    process.kill(pid, "SIGTERM");
    for (let tries = 0; tries < 300 && (await commandLine(pid)).includes(folder); tries++) await Bun.sleep(50);
  }
  await killAll(folder);
}

/** Kills what carries this folder's name (dockerd, containerd, shims), and the shims' children, which are the containers. */
async function killAll(folder: string): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const pids = await ownProcesses(folder);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has gone by itself.
      }
    }
    await Bun.sleep(50);
  }
  // A dead daemon's file can name a living process by now.
  await rm(join(folder, "exec", "containerd", "containerd.pid"), { force: true });
}

async function ownProcesses(folder: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(
    pids.map(async (pid) => ({ pid, line: await commandLine(pid), parent: await parentOf(pid) })),
  );
  const daemons = all.filter(
    ({ pid, line }) =>
      pid !== process.pid &&
      /^\S*(dockerd|containerd|containerd-shim\S*)$/.test(line.split("\0")[0] ?? "") &&
      line.includes(folder),
  );
  const own = new Set(daemons.map(({ pid }) => pid));
  const children = all.filter(({ parent }) => own.has(parent)).map(({ pid }) => pid);
  return [...own, ...children];
}

async function commandLine(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

async function demolish(folder: string, host: string): Promise<void> {
  if ((await commandLineOfDaemon(folder)) !== "") {
    const { stdout } = await execute(["docker", "--host", host, "ps", "-aq"]);
    const ids = stdout.split("\n").filter((id) => id !== "");
    if (ids.length > 0) await execute(["docker", "--host", host, "rm", "-f", "-v", ...ids]);
  }
  await endDaemon(folder);
  await removeBridges(folder);
  await detachLoops(folder);
  for (let tries = 0; tries < 20 && (await unmountAll(folder)); tries++) await Bun.sleep(50);
  await rm(folder, { recursive: true, force: true });
  if (existsSync(`/sys/class/net/${bridgeName(folder)}`)) await execute(["ip", "link", "delete", bridgeName(folder)]);
}

async function commandLineOfDaemon(folder: string): Promise<string> {
  const pid = Number.parseInt(await readFile(join(folder, "docker.pid"), "utf8").catch(() => ""), 10);
  return pid > 0 ? commandLine(pid) : "";
}

/** Those of networks, which outlive their daemon; a machine has room for about thirty. They are named in its own records. */
async function removeBridges(folder: string): Promise<void> {
  const records = await readFile(join(folder, "data", "network", "files", "local-kv.db"), "latin1").catch(() => "");
  const names = new Set(records.match(/\bbr-[0-9a-f]{12}\b/g));
  for (const name of names) if (existsSync(`/sys/class/net/${name}`)) await execute(["ip", "link", "delete", name]);
}

/** By inode, with the files still there; a device that is mounted goes with the mount. */
async function detachLoops(folder: string): Promise<void> {
  const volumes = join(folder, "data", "volumes");
  for (const volume of await readdir(volumes).catch(() => [])) {
    const inside = join(volumes, volume, "_data");
    for (const file of (await readdir(inside).catch(() => [])).filter((name) => name.endsWith(".img"))) {
      const { stdout } = await execute(["losetup", "-n", "-O", "NAME", "-j", join(inside, file)]);
      for (const line of stdout.split("\n").filter((name) => name !== ""))
        await execute(["losetup", "-d", line.split(" ")[0] ?? ""]);
    }
  }
}

/** Innermost first; true when there was something. */
async function unmountAll(folder: string): Promise<boolean> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  const own = mounts.filter((path) => path.startsWith(`${folder}/`)).reverse();
  for (const path of own) await execute(["umount", path]);
  return own.length > 0;
}

/** What a killed test run left; a living one's is left alone. */
async function sweepStale(): Promise<void> {
  for (const name of (await readdir(PARENT)).filter((entry) => entry.startsWith(PREFIX))) {
    const pid = name.slice(PREFIX.length).split("-")[0] ?? "";
    const alive = await readlink(`/proc/${pid}/exe`).then(
      (exe) => /bun/.test(exe),
      () => false,
    );
    const folder = join(PARENT, name);
    if (!alive) await demolish(folder, `unix://${join(folder, "docker.sock")}`);
  }
}

async function must(argv: string[]): Promise<void> {
  const { status, stderr } = await execute(argv);
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr.trim()}`);
}

async function execute(argv: string[], input?: string): Promise<DockerResult> {
  const stdin = input === undefined ? "ignore" : new Blob([input]);
  const child = Bun.spawn(argv, { stdin, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, stdout, stderr };
}

/** Everything that a daemon holds, by its ids: the same before and after what changes nothing. */
export async function heldBy(daemon: PrivateDockerd): Promise<string[]> {
  const lists = [
    ["ps", "-aq"],
    ["volume", "ls", "-q"],
    ["image", "ls", "-q", "--no-trunc"],
  ];
  return (await Promise.all(lists.map((list) => daemon.docker(list)))).map(({ stdout }) => stdout);
}
