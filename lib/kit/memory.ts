import { chmod, mkdir, readFile, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { availableMemory } from "node:process";
import { DittoError } from "./errors.ts";
import { requireOurs } from "./own-folder.ts";
import { homeId } from "./state.ts";

const SHARED_MEMORY = "/dev/shm";
const TMPFS = 0x01021994;

/** Where all state folders of this user keep what must not reach a disk; files there lie in memory. */
export function memoryHomes(): string {
  return join(SHARED_MEMORY, `ditto-${process.getuid?.() ?? 0}`);
}

/** The part of {@link memoryHomes} that is this state folder's. */
export async function memoryHome(): Promise<string> {
  return join(memoryHomes(), await homeId());
}

/** Bytes that may still be written below {@link memoryHomes}; undefined where this system keeps no files in memory. */
export async function freeMemoryForFiles(): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  const facts = await statfs(SHARED_MEMORY).catch(() => undefined);
  if (facts?.type !== TMPFS) return undefined;
  return Math.min(facts.bavail * facts.bsize, availableMemory());
}

/** True where the kernel may write memory to a disk. */
export async function hasSwap(): Promise<boolean> {
  const facts = await readFile("/proc/meminfo", "utf8").catch(() => "");
  return !/^SwapTotal:\s+0 kB$/m.test(facts);
}

/** Makes a folder of this state folder's in memory. Throws `MEMORY_MISSING`, and `UNSAFE_PATH` where another user was there before. */
export async function openMemory(...parts: string[]): Promise<string> {
  if ((await freeMemoryForFiles()) === undefined) {
    throw new DittoError(
      `Cannot keep raw rows in memory: this system has no file system in memory at "${SHARED_MEMORY}"`,
      {
        code: "MEMORY_MISSING",
        hint: "Use --runtime docker, or let them lie on this machine's disk for the time being: --raw-on-disk",
      },
    );
  }
  const home = await memoryHome();
  const folder = join(home, ...parts);
  // A server that dropped its privileges must get through to what is its own.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  for (const path of [dirname(home), home, ...(parts.length > 0 ? [folder] : [])]) {
    await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await requireOurs(path);
    await chmod(path, mode);
  }
  return folder;
}
