import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { interrupted, withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { homeId, homePath } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import { saveStream } from "./save.ts";
import { checkBytes, type RemoteDump, type ShowStep } from "./store.ts";

/** A temporary file of this process in the state folder; when the process was killed, it is swept. */
export function workFile(name: string): string {
  return homePath("work", `${name.replace(/[^\w.-]/g, "_").slice(-150)}.${process.pid}.partial`);
}

/** Fetches a dump into a temporary file, checks it, and removes it when `action` has ended, however that ends. */
export function withDownload<T>(
  dump: RemoteDump,
  step: ShowStep,
  action: (path: string, sha256: string) => Promise<T>,
): Promise<T> {
  const file = workFile(basename(dump.address));
  return withCleanup(
    async () => {
      // A state folder without its name is not swept, and a killed download may be the first thing in it.
      await homeId();
      return action(file, await download(dump, step, file));
    },
    () => rm(file, { force: true }),
  );
}

/** Resolves to the checksum. */
async function download(dump: RemoteDump, step: ShowStep, file: string): Promise<string> {
  const { bytes: told, stream } = await dump.read();
  const report = step("Download", told ?? dump.manifest?.bytes);
  let arrived = 0;
  const tell = (bytes: number) => {
    if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
    arrived = bytes;
    report.update({ bytes });
  };
  const cutOff = (cause?: unknown) => truncated(dump.address, { arrived, told, cause });
  const read = await saveStream(stream, file, tell).catch((error: unknown) => {
    throw /_UNREACHABLE$/.test((error as DittoError).code) && arrived > 0 ? cutOff(error) : error;
  });
  if (told !== undefined && read.bytes !== told) throw cutOff();
  if (dump.manifest) checkBytes(read, dump.manifest, dump.address);
  return read.sha256;
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
