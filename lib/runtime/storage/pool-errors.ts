import { DittoError } from "../../kit/errors.ts";
import type { CliResult } from "./pool-cli.ts";

const GROW = 'Run "bun scripts/pool.ts grow", or delete copies and bases that are not needed';

/** Statuses that the pool's shell scripts end with; chosen below those of the shell, docker and signals. */
export const EXIT = {
  foreign: 41,
  moved: 42,
  noLoop: 43,
  exists: 44,
  missing: 46,
  busy: 47,
  cutShort: 48,
  notLarger: 49,
  noTool: 50,
  noSpace: 51,
  small: 52,
  incomplete: 53,
  outside: 54,
} as const;

type Known = { code: string; state: string; hint?: string };

const KNOWN: Record<number, Known> = {
  [EXIT.foreign]: {
    code: "POOL_FOREIGN",
    state: "another file system is mounted in its place",
    hint: 'Run the command again; if it stays, "bun scripts/pool.ts status" says what is attached',
  },
  [EXIT.moved]: { code: "POOL_MOVED", state: "the daemon's data root has moved", hint: "Run the command again" },
  [EXIT.noLoop]: {
    code: "POOL_UNSUPPORTED",
    state: "this daemon cannot attach a loop device",
    hint: "Rootless daemons and user-namespaced ones have no pool: use storage: image",
  },
  [EXIT.exists]: { code: "POOL_PATH_EXISTS", state: "the target exists already" },
  [EXIT.missing]: { code: "POOL_PATH_MISSING", state: "it does not exist in the pool" },
  [EXIT.busy]: {
    code: "POOL_BUSY",
    state: "somebody else is using it",
    hint: "Wait for the other command, then run this one again",
  },
  [EXIT.cutShort]: { code: "POOL_CUT_SHORT", state: "its files arrived incomplete", hint: "Run the command again" },
  [EXIT.notLarger]: {
    code: "POOL_NOT_LARGER",
    state: "the new size is smaller than the pool",
    hint: "A pool only grows: delete it and create a smaller one",
  },
  [EXIT.noTool]: {
    code: "POOL_TOOLS_MISSING",
    state: "the tools image lacks a program",
    hint: "The image needs btrfs-progs or xfsprogs, and util-linux (losetup, fallocate, flock)",
  },
  [EXIT.noSpace]: {
    code: "POOL_SPACE",
    state: "there is not enough free space on the daemon's data root",
    hint: "Free space there, or ask for a smaller --size",
  },
  [EXIT.small]: { code: "POOL_TOO_SMALL", state: "a pool needs at least 512 MB", hint: "Ask for a larger --size" },
  [EXIT.incomplete]: {
    code: "POOL_INCOMPLETE",
    state: "it was never finished",
    hint: 'Run "bun scripts/pool.ts create" again: it starts over',
  },
  [EXIT.outside]: { code: "PATH_INVALID", state: "a file would be written outside the clone" },
};

/** What a failed call means to a person. `action` continues "Cannot …". */
export function poolError(action: string, result: CliResult): DittoError {
  const said = lastWords(result.stderr);
  if (isDown(result.stderr)) {
    return new DittoError(`Cannot ${action}: the container daemon does not answer`, {
      code: "RUNTIME_DOWN",
      hint: "Start docker (or podman) and run the command again",
    });
  }
  const known = KNOWN[result.status];
  if (known) {
    const detail = said && known.code !== "POOL_CUT_SHORT" ? ` (${said})` : "";
    return new DittoError(`Cannot ${action}: ${known.state}${detail}`, hinted(known.code, known.hint));
  }
  if (/no space left on device|disk quota exceeded/i.test(said)) {
    return new DittoError(`Cannot ${action}: the pool is full`, { code: "POOL_FULL", hint: GROW });
  }
  if (/read-only file system|input\/output error/i.test(said)) {
    return new DittoError(`Cannot ${action}: the pool's file system failed (${said})`, {
      code: "POOL_BROKEN",
      hint: "Look at the kernel's log and at the free space of the daemon's data root; a frozen base is read-only, too",
    });
  }
  return new DittoError(`Cannot ${action}: ${said || `exit status ${result.status}`}`, { code: "POOL_FAILED" });
}

/** True when the daemon itself is the trouble, and no repair of the pool can help. */
export function isDown(stderr: string): boolean {
  return /cannot connect to the docker daemon|connection refused|unable to connect to podman/i.test(stderr);
}

/** The last lines of a tool's complaint, without the daemon's own preamble. */
export function lastWords(stderr: string): string {
  const lines = stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^Run '|cannot read subvolume info/.test(line));
  return lines
    .slice(-2)
    .join(" ")
    .replace(/^docker: |Error response from daemon: /g, "")
    .trim();
}

function hinted(code: string, hint: string | undefined): { code: string; hint?: string } {
  return hint === undefined ? { code } : { code, hint };
}
