import { chmod, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { makeOrUndo } from "../../kit/cleanup.ts";
import { DittoError } from "../../kit/errors.ts";
import { start } from "../../kit/exec.ts";
import type { FreezeRequest, Frozen, FrozenCopy } from "../index.ts";
import { cloneDirectory, directorySize, syncDirectory } from "../storage/directory.ts";
import { openTemporary } from "./folders.ts";
import { hostPlatform } from "./pack.ts";
import { serverFamily } from "./processes.ts";
import { copyFolder, frozenPlace } from "./serve.ts";
import { removeFolder } from "./things.ts";

/** How long all processes of a server may take to stand still, in milliseconds. */
const HALT_LIMIT_MS = 10_000;

/** Halts every process of a copy's server. */
export async function pause(id: string): Promise<void> {
  await halt(await copyFolder(id), async (pid) => signal(pid, "SIGSTOP"));
}

/** Lets them go on. */
export async function resume(id: string): Promise<void> {
  for (const { pid } of await serverFamily(await copyFolder(id))) signal(pid, "SIGCONT");
}

/** Clones a copy's place while its server stands still. */
export async function freezeCopy({ id, from, snapshot, running }: FreezeRequest): Promise<FrozenCopy> {
  const copy = await copyFolder(id);
  let pausedMs = 0;
  const frozen = await frozenClone(join(copy, "place"), { from, snapshot }, async (clone) => {
    if (running) pausedMs = await whilePaused(copy, clone);
    else await clone();
  });
  return { frozen: { ...frozen, live: true }, platform: await hostPlatform(), pausedMs };
}

/** Clones a frozen directory. */
export async function copyFrozen(from: Frozen, snapshot: string): Promise<Frozen> {
  return frozenClone(await frozenPlace(from), { from, snapshot }, async (clone) => {
    await clone();
  });
}

async function frozenClone(
  place: string,
  { from, snapshot }: { from: Frozen; snapshot: string },
  when: (clone: () => Promise<unknown>) => Promise<void>,
): Promise<Frozen> {
  const name = `${snapshot}-freeze`;
  const { folder, root } = await openTemporary(name, { kind: "snapshot", id: snapshot, expiresAt: null });
  return makeOrUndo(
    async () => {
      // What is dirty would be written while the server stands still.
      await syncDirectory(place);
      await when(() => cloneDirectory(place, join(folder, "place"), from.method === "copy" ? "copy" : "auto"));
      const bytes = await directorySize(folder);
      await syncDirectory(folder);
      const reference = `snapshots/${snapshot}`;
      await chmod(folder, 0o711);
      await mkdir(join(root, "snapshots"), { recursive: true, mode: 0o711 });
      await rename(folder, join(root, reference));
      return { ...from, reference, bytes };
    },
    () => removeFolder(root, "tmp", name),
  );
}

/** POSIX sh that lets go on whom it was told, when its stdin ends, however that comes about. */
const GUARD = `
trap '' INT TERM HUP PIPE
pids=
while read -r pid; do pids="$pids $pid"; kill -STOP "$pid" 2>/dev/null; done
for pid in $pids; do kill -CONT "$pid" 2>/dev/null; done
exit 0
`;

async function whilePaused(copy: string, action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  const guard = start(["sh", "-c", GUARD], { detached: true });
  try {
    await halt(copy, (pid) => guard.stdin.write(`${pid}\n`));
    await action();
  } finally {
    await guard.stdin.end();
    await guard.done;
  }
  return Math.round(performance.now() - begun);
}

/** Until nobody of the server's moves: who was born meanwhile is halted too. */
async function halt(copy: string, stop: (pid: number) => Promise<void> | void): Promise<void> {
  const told = new Set<number>();
  const until = Date.now() + HALT_LIMIT_MS;
  // The list is no moment's: one that was born while it was made is seen by the next.
  for (let still = 0; ; ) {
    const family = await serverFamily(copy);
    const moving = family.filter(({ halted }) => !halted);
    still = moving.length === 0 ? still + 1 : 0;
    if (still === 2) return;
    for (const { pid } of moving.filter((one) => !told.has(one.pid))) {
      await stop(pid);
      told.add(pid);
    }
    if (Date.now() > until) break;
    await Bun.sleep(1);
  }
  throw new DittoError("Cannot halt the copy's server: one of its processes does not stop", {
    code: "PAUSE_FAILED",
    hint: "It waits for a disk, perhaps: run the command again",
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
