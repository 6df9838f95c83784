import { createHash } from "node:crypto";
import { chmod, mkdir, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireOurs } from "../../kit/own-folder.ts";
import { removeDirectory } from "../storage/directory.ts";
import { makeOwned } from "./folders.ts";
import { isRoot, type Owner } from "./privileges.ts";

/** The longest path of a Unix socket, less the longest name that a server gives to one. */
const LIMIT = (process.platform === "linux" ? 107 : 103) - "/.s.PGSQL.65535.lock".length;

/**
 * Makes the directory for the sockets of the server whose folder will be `home` (0700, the server's): in `folder`, or
 * in `/tmp` where that path would be too long. Throws `UNSAFE_PATH` when another user has prepared that one.
 */
export async function openRunDirectory(
  folder: string,
  home: string,
  owner: Owner,
): Promise<{ run: string; elsewhere: string | null }> {
  const inside = join(home, "run");
  if (Buffer.byteLength(inside) <= LIMIT) {
    await makeOwned(join(folder, "run"), owner);
    return { run: inside, elsewhere: null };
  }
  const run = join(shortParent(), createHash("sha256").update(home).digest("hex").slice(0, 16));
  for (let attempt = 0; ; attempt++) {
    try {
      await openShort(run, owner);
      return { run, elsewhere: run };
    } catch (error) {
      // Whoever removes the last one removes the parent too, perhaps right now.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt > 9) throw error;
    }
  }
}

async function openShort(run: string, owner: Owner): Promise<void> {
  const parent = dirname(run);
  const mode = isRoot() ? 0o711 : 0o700;
  await mkdir(parent, { mode }).catch(ignoreExisting);
  await requireOurs(parent);
  await chmod(parent, mode);
  // Of an earlier server in the same folder that was killed: nobody else can write here.
  await removeDirectory(run, parent);
  await makeOwned(run, owner);
}

/** Removes a run directory that lies outside its folder. */
export async function removeRunDirectory(run: string): Promise<void> {
  await removeDirectory(run, shortParent());
  await rmdir(shortParent()).catch(() => {});
}

function shortParent(): string {
  return `/tmp/ditto-${process.getuid?.() ?? 0}`;
}

function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}
