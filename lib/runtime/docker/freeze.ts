import { DittoError } from "../../kit/errors.ts";
import { start } from "../../kit/exec.ts";
import type { FreezeRequest, Frozen, FrozenCopy, Platform } from "../index.ts";
import { MARKER_FILE } from "../storage/pool.ts";
import { TELL_LIBC } from "../storage/tar.ts";
import type { Halted, Yard } from "../storage/yard.ts";
import type { ContainerCli } from "./cli.ts";
import { commitImage, commitNow, flattened, oneCommit } from "./commit.ts";
import { inspectImage } from "./images.ts";
import { labelFlags, placeMarker } from "./labels.ts";
import { copyContainer } from "./serve.ts";
import { PLACE, removeContainer } from "./workshop.ts";

interface Site {
  cli: ContainerCli;
  yard: Yard | undefined;
}

/** Freezes a copy's data: a clone beside it, or a layer on its image. */
export async function freezeCopy({ cli, yard }: Site, request: FreezeRequest): Promise<FrozenCopy> {
  const { from, running } = request;
  const container = copyContainer(request.id);
  // Nobody can be asked in a server that stands still.
  const asked = from.platform ?? askPlatform(cli, container, request);
  let pausedMs = 0;
  const halted: Halted = async (action) => {
    await asked;
    if (running) pausedMs = await whilePaused(cli, container, action);
    else await action();
  };
  const made = yard
    ? await freezeDirectory(yard, request, halted)
    : await oneCommit(() => freezeImage(cli, request, { halted, running }));
  const platform = await asked;
  const known = yard?.known === undefined ? {} : { pool: yard.known };
  return { frozen: { ...from, ...known, ...made, live: true }, platform, pausedMs };
}

/** Clones a frozen directory; an image is given another label, over the same layers. */
export async function copyFrozen(
  cli: ContainerCli,
  from: Frozen,
  { yard, snapshot }: { yard: Yard | undefined; snapshot: string },
): Promise<Frozen> {
  if (yard) {
    const reference = `snapshots/${snapshot}`;
    const files = { [MARKER_FILE]: await placeMarker("snapshot", snapshot, null) };
    await yard.clone(from.reference, reference, { owner: from.owner, files });
    await yard.freeze(reference);
    return { ...from, reference };
  }
  const container = `ditto-${snapshot}-twin`;
  const labels = await labelFlags("tool", snapshot);
  await cli(["create", "--name", container, ...labels, from.reference, "true"], { purpose: "copy the snapshot" });
  try {
    return { ...from, reference: await commitImage(cli, container, { kind: "snapshot", id: snapshot }) };
  } finally {
    await removeContainer(cli, container);
  }
}

type Made = Pick<Frozen, "reference" | "bytes"> & Partial<Pick<Frozen, "volumes">>;

async function freezeDirectory(yard: Yard, { id, from, snapshot }: FreezeRequest, halted: Halted): Promise<Made> {
  const [source, reference] = [`copies/${id}`, `snapshots/${snapshot}`];
  const files = { [MARKER_FILE]: await placeMarker("snapshot", snapshot, null) };
  try {
    return { reference, bytes: await yard.cloneLive(source, reference, { owner: from.owner, files, halted }) };
  } catch (error) {
    await yard.remove(reference);
    throw error;
  }
}

async function freezeImage(
  cli: ContainerCli,
  { id, from, snapshot }: FreezeRequest,
  { halted, running }: { halted: Halted; running: boolean },
): Promise<Made> {
  const content = { kind: "snapshot", id: snapshot } as const;
  const bytes = running ? await measured(cli, copyContainer(id), from.owner) : from.bytes;
  let made = "";
  await halted(async () => {
    made = await commitNow(cli, copyContainer(id), content);
  });
  const reference = await flattened(cli, made, content);
  // One layer of its own has no more of the volumes that were declared below.
  return { reference, bytes, ...(reference === made ? {} : { volumes: [] }) };
}

/**
 * POSIX sh that halts a container until its stdin ends, however that comes about: a killed ditto leaves no server that
 * stands still for ever, also when it is killed before it has read that it was halted. On a busy machine the kernel may not get hold of all processes at once.
 */
const HALT = `
trap '' INT TERM HUP PIPE
for turn in 1 2 3 4 5; do
  if "$1" pause "$2" >/dev/null; then
    echo halted
    cat >/dev/null
    for again in 1 2 3 4; do
      "$1" unpause "$2" >/dev/null && exit 0
      sleep 0.5
    done
    exec "$1" unpause "$2" >/dev/null
  fi
done
exit 1
`;

/** Resolves to how long it stood still, in milliseconds. */
async function whilePaused(cli: ContainerCli, container: string, action: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  const guard = start(["sh", "-c", HALT, "ditto", cli.tool, container], { detached: true });
  try {
    const { value } = await guard.stdout.getReader().read();
    if (!value) throw notHalted((await guard.done).stderr);
    await action();
    await guard.stdin.end();
    const { status, stderr } = await guard.done;
    if (status !== 0) throw notHalted(stderr);
    return Math.round(performance.now() - begun);
  } finally {
    await guard.stdin.end();
    await guard.done;
  }
}

async function measured(cli: ContainerCli, container: string, owner: string): Promise<number> {
  const script = `du -sk ${PLACE.directory} 2>/dev/null | cut -f1`;
  const { stdout } = await cli(["exec", "--user", owner, container, "sh", "-c", script], { check: false });
  return Number(stdout.trim()) * 1024;
}

async function askPlatform(cli: ContainerCli, container: string, { from, running }: FreezeRequest): Promise<Platform> {
  const tell = ["exec", "--user", from.owner, container, "sh", "-c", `${TELL_LIBC} || :`];
  const [libc, image] = await Promise.all([
    running ? cli(tell, { check: false }) : undefined,
    inspectImage(cli, from.method === "image" ? from.reference : from.image),
  ]);
  return { platform: `linux/${image?.architecture ?? ""}`, libc: libc?.stdout.trim() ?? "" };
}

function notHalted(said: string): DittoError {
  const state = said.trim().split("\n").at(-1) || "its container doesn't answer";
  return new DittoError(`Cannot halt the copy's server: ${state}`, {
    code: "PAUSE_FAILED",
    hint: 'Run "bun scripts/copy.ts list" to see what became of it',
  });
}
