import { DittoError } from "../../kit/errors.ts";
import { ownerTag } from "../../kit/owner.ts";
import { anchorCalls } from "./anchor-calls.ts";
import { keyValues } from "./pool-anchor.ts";
import { type Cli, call } from "./pool-cli.ts";
import { poolError } from "./pool-errors.ts";
import { AREAS, type PoolNames, poolLabels, poolNames } from "./pool-names.ts";
import { askingVerbs, changingVerbs } from "./pool-open.ts";
import { ANCHOR } from "./pool-scripts.ts";
import type { Yard } from "./yard.ts";

/** What the daemon's own file system can do for clones. */
type PlainMethod = "reflink" | "copy";

interface Started {
  mountpoint: string;
  method: PlainMethod;
}

/** The names beside the pool's: a plain volume and the container that works in it. */
function volumeNames(home: string): PoolNames {
  const { home: checked } = poolNames(home);
  const volume = `ditto-${checked}-files`;
  return { home: checked, volume, file: volume, anchor: `${volume}-anchor` };
}

/** Makes the folders and the guard's file, and tries whether this file system shares blocks. */
const PREPARE = `set -eu
cd /pool
for area in ${AREAS.join(" ")}; do mkdir -p "$area"; done
printf '%s\\n' "$1" > .ditto-pool
echo probe > .probe
if cp --reflink=always .probe .probe2 2>/dev/null; then echo method=reflink; else echo method=copy; fi
rm -f .probe .probe2`;

/** The plain volume of a state folder when it is in use; undefined when there is none. Starts its stopped anchor. */
export async function findVolume(cli: Cli, home: string): Promise<Yard | undefined> {
  const names = volumeNames(home);
  const started = await lookAtAnchor(cli, names);
  return started && volumeYard(cli, names, started);
}

/**
 * A plain volume on the daemon's data root in which directories are cloned: by reflink where its file system can, else
 * byte by byte. `image` must have the coreutils and flock. Throws `STORAGE_UNFIT` when reflink is wanted and can't be.
 */
export async function openVolume(cli: Cli, home: string, options: { image: string; wish: PlainMethod }): Promise<Yard> {
  const names = volumeNames(home);
  const started = (await lookAtAnchor(cli, names)) ?? (await startAnchor(cli, names, options.image));
  if (options.wish === "reflink" && started.method !== "reflink") {
    throw new DittoError(
      "Cannot use storage: reflink: the file system below the daemon's data root can't share blocks",
      {
        code: "STORAGE_UNFIT",
        exit: 2,
        hint: 'Make a pool instead ("bun scripts/pool.ts create"), or move the data root to XFS or btrfs',
      },
    );
  }
  return volumeYard(cli, names, started);
}

/** Whether the daemon's data root shares blocks, tried in a container on a volume that goes again; the yard if it does. */
export async function probeReflink(cli: Cli, home: string, image: string): Promise<Yard | undefined> {
  const names = volumeNames(home);
  const there = await lookAtAnchor(cli, names);
  if (there) return there.method === "reflink" ? volumeYard(cli, names, there) : undefined;
  const owner = await ownerTag();
  const volume = `ditto-${names.home}-probe-${process.pid}`;
  // A tool with an owner: when this process is killed, the next sweep takes it.
  const extra = { "ditto.kind": "tool", "ditto.owner": owner };
  try {
    const { method } = await prepare(cli, { ...names, volume }, image, extra);
    return method === "reflink" ? await openVolume(cli, home, { image, wish: "reflink" }) : undefined;
  } finally {
    await call(cli, ["volume", "rm", "-f", volume]);
  }
}

async function lookAtAnchor(cli: Cli, names: PoolNames): Promise<Started | undefined> {
  const format = "{{.State.Status}}\n{{range .Config.Env}}{{println .}}{{end}}";
  const result = await call(cli, ["container", "inspect", "--format", format, names.anchor]);
  if (result.status !== 0) return undefined;
  if (!result.stdout.startsWith("running")) {
    const woken = await call(cli, ["start", names.anchor]);
    if (woken.status !== 0) throw poolError("open the volume of copies", woken);
  }
  const { DITTO_MOUNTPOINT: mountpoint = "", DITTO_REFLINK: reflink } = keyValues(result.stdout);
  return { mountpoint, method: reflink === "always" ? "reflink" : "copy" };
}

async function prepare(
  cli: Cli,
  names: PoolNames,
  image: string,
  extra: Record<string, string> = {},
): Promise<Started> {
  const labels = poolLabels(names.home, "files", extra);
  const made = await call(cli, ["volume", "create", ...labels, names.volume]);
  if (made.status !== 0) throw poolError("create the volume of copies", made);
  const tool = ["run", "--rm", "--network", "none", "--log-driver", "none", "--user", "root", "--entrypoint", "sh"];
  const [prepared, inspected] = await Promise.all([
    call(cli, [...tool, ...labels, "-v", `${names.volume}:/pool`, image, "-c", PREPARE, "ditto", names.home]),
    call(cli, ["volume", "inspect", "--format", "{{.Mountpoint}}", names.volume]),
  ]);
  if (prepared.status !== 0) throw poolError("prepare the volume of copies", prepared);
  if (inspected.status !== 0) throw poolError("prepare the volume of copies", inspected);
  return {
    mountpoint: inspected.stdout.trim(),
    method: keyValues(prepared.stdout).method === "reflink" ? "reflink" : "copy",
  };
}

async function startAnchor(cli: Cli, names: PoolNames, image: string): Promise<Started> {
  const started = await prepare(cli, names, image);
  const env = {
    DITTO_POOL: names.home,
    DITTO_FILESYSTEM: "plain",
    DITTO_MOUNTPOINT: started.mountpoint,
    DITTO_REFLINK: started.method === "reflink" ? "always" : "never",
  };
  const result = await call(cli, [
    ...["run", "-d", "--pull", "never", "--name", names.anchor, ...poolLabels(names.home, "files")],
    ...["--network", "none", "--restart", "no", "--stop-signal", "KILL", "--log-driver", "none", "--user", "root"],
    ...["--cap-drop", "ALL", ...["CHOWN", "DAC_OVERRIDE", "FOWNER"].flatMap((cap) => ["--cap-add", cap])],
    ...Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]),
    ...["-v", `${names.volume}:/pool`, "--entrypoint", "sh", image, "-c", ANCHOR],
  ]);
  // Another process was quicker: its anchor is as good.
  if (result.status !== 0 && !/already in use/i.test(result.stderr))
    throw poolError("open the volume of copies", result);
  return started;
}

function volumeYard(cli: Cli, names: PoolNames, started: Started): Yard {
  const calls = anchorCalls(cli, names, {
    mountpoint: () => started.mountpoint,
    repair: async () => (await lookAtAnchor(cli, names)) !== undefined,
  });
  return { method: started.method, mountpoint: started.mountpoint, ...changingVerbs(calls), ...askingVerbs(calls) };
}
