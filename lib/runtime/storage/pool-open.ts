import { DittoError } from "../../kit/errors.ts";
import { type AnchorCalls, anchorCalls } from "./anchor-calls.ts";
import { type Attached, bringUp, keyValues, readVolumes } from "./pool-anchor.ts";
import { type Cli, call } from "./pool-cli.ts";
import { isDown, poolError } from "./pool-errors.ts";
import { checkFile, checkOwner, checkPath, type PoolFilesystem, type PoolNames, poolNames } from "./pool-names.ts";
import { CLONE, CLONE_LIVE, CREATE, EXISTS, FREEZE, LIST, REMOVE, RENAME, SWEEP, USAGE } from "./pool-scripts.ts";
import type { Yard } from "./yard.ts";

/** The file at the top of a directory that says whose it is; written by the caller through `files`. */
export const MARKER_FILE = "ditto.json";

/** What {@link openPool} need not ask when it was told before; a wrong one is noticed and put right. */
export interface KnownPool {
  mountpoint: string;
  filesystem: PoolFilesystem;
}

interface CloneOptions {
  owner?: string;
  files?: Record<string, string>;
  /** Called when the data are there, and little is left that could fail. */
  cloned?: () => void;
}

/**
 * A pool in use. Paths have the form `bases/<id>` (also copies, snapshots, tmp). Every verb is one `exec` in the anchor, and
 * repairs the pool and tries again once when the anchor or the mount is gone. Throws DittoError.
 */
export interface OpenPool {
  readonly method: "pool";
  /** Host path as the daemon sees it, for `--mount type=bind`; it may change by a repair. */
  readonly mountpoint: string;
  readonly filesystem: PoolFilesystem;
  /** Clones through `tmp/`; `files` (relative path to content) are there, 0600, before the directory gets its name. */
  clone(from: string, to: string, options?: CloneOptions): Promise<void>;
  /** Makes an empty directory, 0700, of `owner` (`uid:gid`). */
  create(path: string, owner: string): Promise<void>;
  /** Removes a directory, frozen or not; none is fine. A server that still runs on it loses its data under its feet. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Syncs the directory and its name to disk; on btrfs nothing can change it from then on. Rename first, then freeze. */
  freeze(path: string): Promise<void>;
  /** Clones and freezes a directory that a server works on; see {@link Yard.cloneLive}. */
  readonly cloneLive: Yard["cloneLive"];
  exists(path: string): Promise<boolean>;
  /** Bytes that the directory shares with no other (XFS can't tell: all its bytes). */
  usage(path: string): Promise<number>;
  list(): Promise<{ path: string; marker: string }[]>;
  /** Removes what killed clones and removals left behind; see {@link Yard.sweep}. */
  readonly sweep: Yard["sweep"];
  /** Attaches, mounts and starts whatever is missing; with `remount` also a mount that only the daemon has lost. */
  repair(options?: { remount?: boolean }): Promise<void>;
}

/**
 * Opens the pool of a state folder; undefined when there is none, or one whose creation was interrupted. One call of the command line, none with `known`, and as
 * many as it takes when something has to be repaired first.
 */
export async function openPool(
  cli: Cli,
  home: string,
  options: { known?: KnownPool } = {},
): Promise<OpenPool | undefined> {
  const names = poolNames(home);
  if (options.known) return poolVerbs(cli, names, { ...options.known });
  const running = await lookAtAnchor(cli, names);
  if (running) return poolVerbs(cli, names, running);
  const volumes = await readVolumes(cli, names);
  if (!volumes) return undefined;
  try {
    return poolVerbs(cli, names, await bringUp(cli, names, volumes));
  } catch (error) {
    if (error instanceof DittoError && error.code === "POOL_INCOMPLETE") return undefined;
    throw error;
  }
}

async function lookAtAnchor(cli: Cli, names: PoolNames): Promise<Attached | undefined> {
  const format = "{{.State.Status}}\n{{range .Config.Env}}{{println .}}{{end}}";
  const result = await call(cli, ["container", "inspect", "--format", format, names.anchor]);
  if (result.status !== 0) {
    if (isDown(result.stderr)) throw poolError("open the pool", result);
    return undefined;
  }
  const { DITTO_MOUNTPOINT: mountpoint, DITTO_FILESYSTEM: filesystem } = keyValues(result.stdout);
  if (!result.stdout.startsWith("running") || !mountpoint) return undefined;
  return { mountpoint, filesystem: filesystem === "xfs" ? "xfs" : "btrfs" };
}

function poolVerbs(cli: Cli, names: PoolNames, at: Attached): OpenPool {
  const repair = repairOnce(cli, names, at);
  const calls = anchorCalls(cli, names, {
    mountpoint: () => at.mountpoint,
    async repair() {
      await repair(false);
      return true;
    },
  });
  return {
    method: "pool",
    get mountpoint() {
      return at.mountpoint;
    },
    get filesystem() {
      return at.filesystem;
    },
    repair: (options = {}) => repair(options.remount ?? false),
    ...changingVerbs(calls),
    ...askingVerbs(calls),
  };
}

/** A maker locks its directory at once and for as long as it lives: what is older and not locked is a dead one's. */
const LEFT_FOR_SECONDS = 60;

/** The verbs that change directories, over any way to run a script in an anchor. */
export function changingVerbs({
  exec,
  talk,
}: AnchorCalls): Pick<OpenPool, "clone" | "cloneLive" | "create" | "remove" | "rename" | "freeze" | "sweep"> {
  return {
    async clone(from, to, { owner, files = {}, cloned } = {}) {
      const input = encodeFiles(files);
      const args = [
        checkPath(from),
        checkPath(to),
        owner === undefined ? "" : checkOwner(owner),
        input === undefined ? "" : "files",
      ];
      const action = `clone "${from}" to "${to}"`;
      const script = await talk(action, CLONE, args, "cloned");
      cloned?.();
      if (input !== undefined) await script.tell(input);
      const ended = await script.end();
      if (ended.status !== 0) throw poolError(action, ended);
    },
    async cloneLive(from, to, { owner, files, halted }) {
      const action = `clone "${from}" to "${to}"`;
      const script = await talk(action, CLONE_LIVE, [checkPath(from), checkPath(to), checkOwner(owner)], "synced");
      try {
        await halted(async () => {
          await script.tell(`\n${encodeFiles(files) ?? CLOSING}`);
          if (!(await script.hear("cloned"))) throw poolError(action, await script.end());
        });
      } catch (error) {
        await script.end();
        throw error;
      }
      const ended = await script.end();
      if (ended.status !== 0) throw poolError(action, ended);
      return Number.parseInt(ended.stdout, 10) || 0;
    },
    async create(path, owner) {
      await exec(`create "${path}"`, CREATE, [checkPath(path), checkOwner(owner)]);
    },
    async remove(path) {
      await exec(`remove "${path}"`, REMOVE, [checkPath(path)]);
    },
    async rename(from, to) {
      await exec(`rename "${from}" to "${to}"`, RENAME, [checkPath(from), checkPath(to)]);
    },
    async freeze(path) {
      await exec(`freeze "${path}"`, FREEZE, [checkPath(path)]);
    },
    async sweep() {
      const swept = await exec("sweep what killed clones left", SWEEP, [String(LEFT_FOR_SECONDS)]);
      return swept.split("\n").filter((path) => path !== "");
    },
  };
}

/** The verbs that only ask; see {@link changingVerbs}. */
export function askingVerbs({ exec }: AnchorCalls): Pick<OpenPool, "exists" | "usage" | "list"> {
  return {
    exists: async (path) => (await exec(`look for "${path}"`, EXISTS, [checkPath(path)])).trim() === "yes",
    usage: async (path) => Number.parseInt(await exec(`measure "${path}"`, USAGE, [checkPath(path)]), 10) || 0,
    async list() {
      const lines = (await exec("list the pool", LIST, [MARKER_FILE])).split("\n").filter((line) => line !== "");
      return lines.map((line) => {
        const [path = "", marker = ""] = line.split(" ");
        return { path, marker: Buffer.from(marker, "base64").toString() };
      });
    },
  };
}

/** Without it nothing of what came before is believed. */
const CLOSING = "E\n";

/** One line per file and the closing one. */
function encodeFiles(files: Record<string, string>): string | undefined {
  const lines = Object.entries(files).map(
    ([path, content]) => `F ${checkFile(path)} ${Buffer.from(content).toString("base64")}\n`,
  );
  return lines.length === 0 ? undefined : `${lines.join("")}${CLOSING}`;
}

/** Twenty verbs that fail together repair the pool once. */
function repairOnce(cli: Cli, names: PoolNames, at: Attached): (remount: boolean) => Promise<void> {
  let running: Promise<void> | undefined;
  return (remount) => {
    running ??= repairPool(cli, names, at, remount).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function repairPool(cli: Cli, names: PoolNames, at: Attached, remount: boolean): Promise<void> {
  const volumes = await readVolumes(cli, names);
  if (!volumes) {
    throw new DittoError(`Cannot open the pool: its volume "${names.file}" is gone, with everything in it`, {
      code: "POOL_MISSING",
      hint: 'Run "bun scripts/pool.ts create" and reseed',
    });
  }
  if (remount) await call(cli, ["rm", "-f", names.anchor]);
  Object.assign(at, await bringUp(cli, names, volumes));
}
