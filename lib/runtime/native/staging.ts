import { join } from "node:path";
import { makeOrUndo } from "../../kit/cleanup.ts";
import { guardPath } from "../../kit/guard.ts";
import { freeMemoryForFiles, hasSwap } from "../../kit/memory.ts";
import type { Memory, Staging, StagingRequest } from "../index.ts";
import { openMemoryRoot, openRoot, openTemporary } from "./folders.ts";
import { ownerText, serverOwner, withoutNetwork } from "./privileges.ts";
import { removeFolder } from "./things.ts";
import { hostToolbox } from "./tools.ts";
import { makePlace, serverFor } from "./workshop.ts";

/** A server that fell would leave its memory in a file. */
const NO_CORE = ["/bin/sh", "-c", 'ulimit -c 0; exec "$@"', "ditto"];

/** Opens a folder for a server of raw rows, in memory or on disk. The server is reached by its socket only. */
export async function openStaging(request: StagingRequest, say: (text: string) => void): Promise<Staging> {
  const found = await serverFor(request.server, say);
  const owner = await serverOwner(request.server.flavour);
  const root = await (request.memory === undefined ? openRoot() : openMemoryRoot());
  let guard: ReturnType<typeof guardPath> | undefined;
  const remove = async () => {
    await removeFolder(root, "tmp", request.id);
    await guard?.release();
  };
  return makeOrUndo(async () => {
    const marker = { kind: "tool", id: request.id, expiresAt: null } as const;
    const { folder } = await openTemporary(request.id, marker, async () => root);
    guard = guardPath(folder);
    const place = await makePlace(folder, owner);
    const prefix = [...(await withoutNetwork()), ...NO_CORE];
    const tools = hostToolbox({ owner, bin: found.bin, work: join(folder, "work"), prefix });
    return {
      ...tools,
      place,
      owner: ownerText(owner),
      hasClientTools: found.hasClientTools,
      listen: undefined,
      reach: undefined,
      async close() {
        await tools.close();
        await remove();
      },
    };
  }, remove);
}

/** What of this machine's memory files may take. */
export async function memory(): Promise<Memory> {
  return { bytes: await freeMemoryForFiles(), swaps: await hasSwap() };
}
