import { arch, platform } from "node:os";
import { join } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import { run, start } from "../../kit/exec.ts";
import type { Frozen, Packed, Platform, Toolbox } from "../index.ts";
import { packedBy, TELL_LIBC, unpackInto } from "../storage/tar.ts";
import { isDirectory } from "./folders.ts";
import { frozenPlace } from "./serve.ts";

/** Docker's names of the processors. */
const PROCESSORS: Record<string, string> = { x64: "amd64", ia32: "386" };

/** Packs a frozen directory with this host's tar, as ditto's own user: no server's user gets in. */
export async function packFrozen<T>(from: Frozen, read: (packed: Packed) => Promise<T>): Promise<T> {
  const data = join(await frozenPlace(from), "data");
  if (!(await isDirectory(data))) {
    throw new DittoError(`Cannot read the base: its directory "${data}" is gone`, {
      code: "BASE_LOST",
      hint: 'Make a new base: "bun scripts/reseed.ts"',
    });
  }
  return read({ ...(await hostPlatform()), tar: packedBy(start(["tar", "-C", data, "-cf", "-", "."])) });
}

/** Unpacks into a workshop's place as the server's user, who can write nowhere else. */
export async function unpackPlace(tools: Toolbox, place: string, tar: AsyncIterable<Uint8Array>): Promise<void> {
  const data = join(place, "data");
  const made = await tools.run({ tool: "mkdir", args: ["-m", "700", data] });
  if (made.status !== 0) {
    throw new DittoError(`Cannot fill the workshop: ${made.stderr.trim()}`, {
      code: "RUNTIME_FAILED",
      hint: `Look at the rights and the free space of "${place}"`,
    });
  }
  const command = { tool: "tar", args: ["-xpf", "-", "-C", data] };
  await unpackInto(await tools.start(command, { input: "data" }), tar);
}

/** What a server of this host is. */
export async function hostPlatform(): Promise<Platform> {
  const { stdout } = await run(["sh", "-c", TELL_LIBC], { check: false });
  return { platform: `${platform()}/${PROCESSORS[arch()] ?? arch()}`, libc: stdout.trim() };
}
