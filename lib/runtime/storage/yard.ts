import type { CloneMethod } from "../index.ts";

/** Runs the action while whoever writes there stands still. */
export type Halted = (action: () => Promise<void>) => Promise<void>;

/**
 * A directory tree of a container daemon's in which bases and copies lie beside each other: the pool, or a plain volume.
 * Paths are relative and two parts long: `bases/<id>`, `copies/<id>`, `tmp/<id>`.
 */
export interface Yard {
  readonly method: Exclude<CloneMethod, "image">;
  /** Where the tree lies as the daemon sees it, for `--mount type=bind`. */
  readonly mountpoint: string;
  /** What opens this tree again without asking the daemon. */
  readonly known?: { mountpoint: string; filesystem: "btrfs" | "xfs" };
  /** Makes an empty directory of `owner` (`uid:gid`). */
  create(path: string, owner: string): Promise<void>;
  /**
   * Clones by way of `tmp/`, with `files` (0600, `owner`) put in before the directory appears under its name. Calls `cloned`
   * when the data are there, and little is left that could fail.
   */
  clone(
    from: string,
    to: string,
    options: { owner: string; files: Record<string, string>; cloned?: () => void },
  ): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes a directory immutable as far as the file system can, its data synced. */
  freeze(path: string): Promise<void>;
  /**
   * As {@link clone} and {@link freeze} of a directory that a server works on: `halted` makes it stand still and calls back for
   * the clone itself, which is short, because everything that can be done before or after is. Resolves to the frozen bytes.
   */
  cloneLive(
    from: string,
    to: string,
    options: { owner: string; files: Record<string, string>; halted: Halted },
  ): Promise<number>;
  remove(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Bytes that a directory alone occupies; all its bytes where sharing can't be told. */
  usage(path: string): Promise<number>;
  /** Mounts the tree again where only the daemon has lost it; `mountpoint` may then be another. */
  repair?(): Promise<void>;
  /** Removes what killed clones and removals left in `tmp/`, and gives the paths that it was for; directories stay. */
  sweep(): Promise<string[]>;
  /** Every directory with its marker file's content. */
  list(): Promise<{ path: string; marker: string }[]>;
}
