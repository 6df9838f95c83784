import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { interrupted, withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { guardPath } from "../kit/guard.ts";
import { freeMemoryForFiles, openMemory } from "../kit/memory.ts";
import { homeId, homePath } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import { saveStream } from "./save.ts";
import { checkBytes, type RemoteDump, type ShowStep } from "./store.ts";

/** A temporary file of this process in the state folder, or in another that is swept when the process was killed. */
export function workFile(name: string, folder = homePath("work")): string {
  return join(folder, `${name.replace(/[^\w.-]/g, "_").slice(-150)}.${process.pid}.partial`);
}

/** How a dump is fetched; `inMemory`: its bytes must not reach a disk. */
interface Fetching {
  step: ShowStep;
  inMemory?: boolean;
}

/** Fetches a dump into a temporary file, checks it, and removes it when `action` has ended, however that ends. */
export async function withDownload<T>(
  dump: RemoteDump,
  { step, inMemory = false }: Fetching,
  action: (path: string, sha256: string) => Promise<T>,
): Promise<T> {
  const file = workFile(basename(dump.address), inMemory ? await openMemory("work") : undefined);
  const guard = inMemory ? guardPath(file) : undefined;
  return withCleanup(
    async () => {
      // A state folder without its name is not swept, and a killed download may be the first thing in it.
      await homeId();
      return action(file, await download(dump, step, { file, inMemory }));
    },
    async () => {
      await rm(file, { force: true });
      await guard?.release();
    },
  );
}

/** Resolves to the checksum. */
async function download(
  dump: RemoteDump,
  step: ShowStep,
  { file, inMemory }: { file: string; inMemory: boolean },
): Promise<string> {
  const { bytes: told, stream } = await dump.read();
  if (inMemory && (told ?? 0) > ((await freeMemoryForFiles()) ?? 0)) throw tooLarge(dump.address, told ?? 0);
  const report = step("Download", told ?? dump.manifest?.bytes);
  let arrived = 0;
  const tell = (bytes: number) => {
    if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
    arrived = bytes;
    report.update({ bytes });
  };
  const cutOff = (cause?: unknown) => truncated(dump.address, { arrived, told, cause });
  const read = await saveStream(stream, file, tell).catch((error: unknown) => {
    if (inMemory && (error as DittoError).code === "DISK_FULL") throw tooLarge(dump.address, arrived);
    throw /_UNREACHABLE$/.test((error as DittoError).code) && arrived > 0 ? cutOff(error) : error;
  });
  if (told !== undefined && read.bytes !== told) throw cutOff();
  if (dump.manifest) checkBytes(read, dump.manifest, dump.address);
  return read.sha256;
}

function tooLarge(address: string, bytes: number): DittoError {
  return new DittoError(
    `Cannot load "${address}": it is raw and has ${formatBytes(bytes)}, more than there is memory free`,
    {
      code: "MEMORY_LOW",
      hint: "Free memory, or let the raw rows lie on this machine's disk for the time being: bun scripts/reseed.ts --from … --raw-on-disk",
    },
  );
}

function truncated(
  address: string,
  { arrived, told, cause }: { arrived: number; told: number | undefined; cause: unknown },
): DittoError {
  const whole = told === undefined ? "" : ` of ${formatBytes(told)}`;
  return new DittoError(`Cannot load "${address}": the download was cut off after ${formatBytes(arrived)}${whole}`, {
    code: "DOWNLOAD_CUT_OFF",
    hint: "Run it again; the previous base is untouched",
    cause,
  });
}
