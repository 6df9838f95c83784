import { DittoError } from "../../kit/errors.ts";

const NAME = /^[a-z0-9][a-z0-9_-]{0,40}$/;
const FILE = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,3}$/;
const OWNER = /^\d{1,10}:\d{1,10}$/;

/** The folders of a pool; everything in it lies two parts deep. */
export const AREAS = ["bases", "copies", "snapshots", "tmp"] as const;

export type PoolFilesystem = "btrfs" | "xfs";

/** What a pool is called on its daemon. */
export interface PoolNames {
  home: string;
  /** The volume that is the mounted file system. */
  volume: string;
  /** The volume that holds the file, the loop device's node and the lock. */
  file: string;
  /** The container that keeps the file system mounted and runs the clones. */
  anchor: string;
}

/** The names of a state folder's pool; throws for an id that could reach beyond them. */
export function poolNames(home: string): PoolNames {
  if (!NAME.test(home))
    throw new DittoError(`Cannot name a pool after "${home}": not a valid id`, { code: "NAME_INVALID" });
  return { home, volume: `ditto-${home}-pool`, file: `ditto-${home}-poolfile`, anchor: `ditto-${home}-anchor` };
}

/** `--label …` for everything that belongs to the pool `id`. */
export function poolLabels(home: string, id: string, extra: Record<string, string> = {}): string[] {
  const labels = { "ditto.managed": "true", "ditto.home": home, "ditto.kind": "pool", "ditto.id": id, ...extra };
  return Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
}

/** Lets only `<area>/<id>` pass, so that no path leaves the pool. */
export function checkPath(path: string): string {
  const [area = "", id = "", ...rest] = path.split("/");
  const known = (AREAS as readonly string[]).includes(area);
  if (!known || !NAME.test(id) || rest.length > 0) {
    throw new DittoError(`Cannot use "${path}" in the pool: not a path of the form bases/<id>`, {
      code: "PATH_INVALID",
    });
  }
  return path;
}

/** Lets only `uid:gid` pass. */
export function checkOwner(owner: string): string {
  if (!OWNER.test(owner)) {
    throw new DittoError(`Cannot give files to "${owner}": not of the form uid:gid`, { code: "OWNER_INVALID" });
  }
  return owner;
}

/** Lets only plain relative file paths pass: no `..`, nothing that a shell or a line of the protocol could misread. */
export function checkFile(path: string): string {
  const climbs = path.split("/").some((part) => part === "." || part === "..");
  if (!FILE.test(path) || climbs) {
    throw new DittoError(`Cannot write "${path}" into a clone: not a plain relative path`, { code: "PATH_INVALID" });
  }
  return path;
}
