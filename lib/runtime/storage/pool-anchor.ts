import { DittoError } from "../../kit/errors.ts";
import { type Cli, type CliResult, call } from "./pool-cli.ts";
import { EXIT, poolError } from "./pool-errors.ts";
import { ATTACH } from "./pool-helper-scripts.ts";
import { type PoolFilesystem, type PoolNames, poolLabels } from "./pool-names.ts";
import { ANCHOR, CHECK } from "./pool-scripts.ts";
import { ensureTools } from "./pool-tools.ts";

/** The pool's two volumes, as the daemon describes them. */
export interface PoolVolumes {
  id: string;
  image: string;
  filePath: string;
  /** Missing when the creation was interrupted, or somebody removed the volume: it is made anew. */
  mounted: { mountpoint: string; device: string } | undefined;
}

export interface Attached {
  mountpoint: string;
  filesystem: PoolFilesystem;
}

const MOUNT_OPTIONS: Record<PoolFilesystem, string> = {
  // btrfs discards by itself on a device that can, which would give the reserved bytes back to the host.
  btrfs: "noatime,nodiscard,user_subvol_rm_allowed",
  xfs: "noatime,nodiscard",
};

/** Reads both volumes; undefined when there is no pool. */
export async function readVolumes(cli: Cli, names: PoolNames): Promise<PoolVolumes | undefined> {
  // Asked one by one: with one of two names unknown docker prints the other, podman may print neither.
  const [file, mounted] = await Promise.all([readVolume(cli, names.file), readVolume(cli, names.volume)]);
  if (!file) return undefined;
  return {
    id: file.Labels?.["ditto.id"] ?? "",
    image: file.Labels?.["ditto.image"] ?? "",
    filePath: file.Mountpoint,
    mounted: mounted && { mountpoint: mounted.Mountpoint, device: mounted.Options?.device ?? "" },
  };
}

interface InspectedVolume {
  Name: string;
  Mountpoint: string;
  Labels?: Record<string, string> | null;
  Options?: Record<string, string> | null;
}

/** Removes the volume of exactly this name; none is fine. */
export async function removeVolume(cli: Cli, name: string): Promise<void> {
  if (!(await readVolume(cli, name))) return;
  const removed = await call(cli, ["volume", "rm", name]);
  if (removed.status !== 0) throw poolError(`remove the pool's volume "${name}"`, removed);
}

async function readVolume(cli: Cli, name: string): Promise<InspectedVolume | undefined> {
  const result = await call(cli, ["volume", "inspect", name]);
  // podman takes the beginning of a name for the whole: "…-pool" finds "…-poolfile".
  if (result.status === 0)
    return (JSON.parse(result.stdout) as InspectedVolume[]).find((volume) => volume.Name === name);
  if (/no such volume|no volume with name/i.test(result.stderr)) return undefined;
  throw poolError("look for the pool", result);
}

/** Runs a script in a short-lived container that may attach loop devices and nothing more. */
export function runHelper(
  cli: Cli,
  names: PoolNames,
  options: { id: string; image: string; script: string; args?: string[]; mounted?: boolean; writable?: boolean },
): Promise<CliResult> {
  const rules = ["b 7:* rmw", "c 10:237 rmw"].flatMap((rule) => ["--device-cgroup-rule", rule]);
  const pool = options.mounted ? ["-v", `${names.volume}:/pool`] : [];
  const root = options.writable ? [] : ["--read-only"];
  return call(cli, [
    ...["run", "--rm", "--pull", "never", ...poolLabels(names.home, options.id), "--network", "none", ...root],
    // All capabilities fail where the host itself lacks one: only these two are asked for.
    ...["--cap-drop", "ALL", "--cap-add", "SYS_ADMIN", "--cap-add", "MKNOD", ...rules, "--log-driver", "none"],
    ...["-v", `${names.file}:/f`, ...pool, "--entrypoint", "sh", options.image],
    ...["-euc", options.script, "ditto", ...(options.args ?? [])],
  ]);
}

/**
 * Attaches the file, makes what is missing of volume and anchor, and sees that the anchor looks at the right file system.
 * Every step is harmless when it is already done, also by another process at the same time.
 */
export async function bringUp(cli: Cli, names: PoolNames, pool: PoolVolumes): Promise<Attached> {
  const image = await ensureTools(cli, names.home, pool.image);
  const start = async (volumes: PoolVolumes) => {
    const at = await attachPool(cli, names, volumes, { image, stage: "complete" });
    await ensureAnchor(cli, names, { ...at, id: pool.id, image });
    return { at, checked: await inAnchor(cli, names, CHECK, [at.mountpoint]) };
  };
  let { at, checked } = await start(pool);
  if (checked.status !== 0) {
    // Started while another file system had the loop device's number, or with the data root elsewhere.
    await resetAnchor(cli, names);
    ({ at, checked } = await start((await readVolumes(cli, names)) ?? pool));
  }
  if (checked.status !== 0) throw poolError("open the pool", checked);
  return at;
}

/**
 * Removes the anchor, and the volume when it shows an empty directory: podman counts mounts, and mounts no more once somebody
 * else has unmounted. Removing a volume deletes what is in its directory, so it has to be seen empty.
 */
async function resetAnchor(cli: Cli, names: PoolNames): Promise<void> {
  const seen = await call(cli, ["exec", names.anchor, "ls", "-A", "/pool"]);
  await call(cli, ["rm", "-f", names.anchor]);
  if (seen.status === 0 && seen.stdout.trim() === "") await removeVolume(cli, names.volume);
}

/** Attaches the file to a loop device and makes the volume that mounts it. `fresh` takes a pool that was never finished. */
export async function attachPool(
  cli: Cli,
  names: PoolNames,
  pool: PoolVolumes,
  options: { image: string; stage: "fresh" | "complete" },
): Promise<Attached> {
  const { image, stage } = options;
  const result = await runHelper(cli, names, { id: pool.id, image, script: ATTACH, args: [stage] });
  if (result.status !== 0) throw poolError("attach the pool", result);
  const facts = keyValues(result.stdout);
  if (facts.id !== pool.id) throw poolError("attach the pool", { status: EXIT.foreign, stdout: "", stderr: "" });
  const filesystem = facts.filesystem === "xfs" ? "xfs" : "btrfs";
  return { filesystem, mountpoint: await ensureVolume(cli, names, pool, filesystem) };
}

/** Runs a script in the anchor. Its first argument is always the mountpoint that the caller expects, or empty. */
export function inAnchor(
  cli: Cli,
  names: PoolNames,
  script: string,
  args: string[],
  input?: string,
): Promise<CliResult> {
  return call(cli, anchorArguments(names, script, args, input !== undefined), input);
}

/** The call of a script in the anchor; `fed` when it reads its stdin. */
export function anchorArguments({ anchor }: PoolNames, script: string, args: string[], fed: boolean): string[] {
  return ["exec", ...(fed ? ["-i"] : []), anchor, "sh", "-euc", script, "ditto", ...args];
}

/** True when a script could not run because the anchor or its file system is not what it should be: repair and try again. */
export function needsRepair(result: CliResult): boolean {
  if (result.status === EXIT.foreign || result.status === EXIT.moved) return true;
  return /no such container|no container with name|is not running|is paused|container state improper|is restarting/i.test(
    result.stderr,
  );
}

async function ensureVolume(
  cli: Cli,
  names: PoolNames,
  pool: PoolVolumes,
  filesystem: PoolFilesystem,
): Promise<string> {
  const device = `${pool.filePath}/device`;
  if (pool.mounted?.device === device) return pool.mounted.mountpoint;
  if (pool.mounted) {
    // The data root has moved since: options of a volume can't be changed.
    await call(cli, ["rm", "-f", names.anchor]);
    await removeVolume(cli, names.volume);
  }
  const options = [`type=${filesystem}`, `device=${device}`, `o=${MOUNT_OPTIONS[filesystem]}`].flatMap((option) => [
    "--opt",
    option,
  ]);
  const created = await call(cli, [
    "volume",
    "create",
    "--driver",
    "local",
    ...poolLabels(names.home, pool.id),
    ...options,
    names.volume,
  ]);
  // podman fails where docker is silent when another process was faster; what counts is what is there now.
  const now = await readVolume(cli, names.volume);
  if (!now) throw poolError("create the pool's volume", created);
  return now.Mountpoint;
}

interface AnchorRequest extends Attached {
  id: string;
  image: string;
}

/** Starts the anchor, or makes it; a paused or half-made one is put right. */
async function ensureAnchor(cli: Cli, names: PoolNames, request: AnchorRequest): Promise<void> {
  const steps: Record<string, string[]> = { paused: ["unpause", names.anchor], exited: ["start", names.anchor] };
  let failed: CliResult | undefined;
  for (let tries = 0; tries < 30; tries++) {
    const state = await anchorState(cli, names);
    if (state === "running") return;
    const step = state === "missing" ? anchorArgs(names, request) : steps[state];
    // Created but not started: another process is between the two, unless it stays so.
    if (!step && state === "created" && tries >= 10) await call(cli, ["rm", "-f", names.anchor]);
    if (!step) {
      await Bun.sleep(100);
      continue;
    }
    const result = await call(cli, step);
    if (result.status === 0) return;
    if (state === "missing" && /already in use/i.test(result.stderr)) continue;
    await call(cli, ["rm", "-f", names.anchor]);
    // An old anchor may not start any more (its image is gone, say) where a new one does.
    if (state === "missing" || failed) throw mountError(result, request.filesystem);
    failed = result;
  }
  throw poolError("mount the pool", failed ?? { status: EXIT.busy, stdout: "", stderr: "" });
}

/** `missing`, or the state in the daemon's word. */
export async function anchorState(cli: Cli, names: PoolNames): Promise<string> {
  const result = await call(cli, ["container", "inspect", "--format", "{{.State.Status}}", names.anchor]);
  if (result.status === 0) return result.stdout.trim();
  if (/no such container|no container with name/i.test(result.stderr)) return "missing";
  throw poolError("look at the pool's anchor", result);
}

function anchorArgs(names: PoolNames, request: AnchorRequest): string[] {
  const env = { DITTO_POOL: request.id, DITTO_FILESYSTEM: request.filesystem, DITTO_MOUNTPOINT: request.mountpoint };
  return [
    ...["run", "-d", "--pull", "never", "--name", names.anchor, ...poolLabels(names.home, request.id)],
    ...["--network", "none", "--read-only", "--restart", "no", "--stop-signal", "KILL", "--log-driver", "none"],
    // Clones belong to the servers' users, and their directories let nobody else in.
    ...["--cap-drop", "ALL", ...["CHOWN", "DAC_OVERRIDE", "FOWNER"].flatMap((cap) => ["--cap-add", cap])],
    ...[
      "--security-opt",
      "no-new-privileges",
      ...Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]),
    ],
    // Held, or a prune would delete the file below the pool that is in use, and the next reboot everything in it.
    ...["-v", `${names.file}:/f:ro`],
    ...["-v", `${names.volume}:/pool`, "--entrypoint", "sh", request.image, "-c", ANCHOR],
  ];
}

/** What a failed start of a container with the pool means: the kernel may not know the file system. */
export function mountError(result: CliResult, filesystem: PoolFilesystem): DittoError {
  if (/no such device|unknown filesystem type/i.test(result.stderr)) {
    return new DittoError(`Cannot mount the pool: the daemon's kernel has no ${filesystem}`, {
      code: "POOL_NO_FILESYSTEM",
      hint: `Load the kernel module ${filesystem}, or create the pool with the other file system`,
    });
  }
  return poolError("mount the pool", result);
}

/** Reads `key=value` lines. */
export function keyValues(text: string): Record<string, string> {
  const pairs = text.split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
