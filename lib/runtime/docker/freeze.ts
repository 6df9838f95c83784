import { DittoError } from "../../kit/errors.ts";
import { start } from "../../kit/exec.ts";
import type { FreezeRequest, Frozen, FrozenCopy, Platform, ServerState } from "../index.ts";
import { MARKER_FILE } from "../storage/pool.ts";
import { TELL_LIBC } from "../storage/tar.ts";
import type { Yard } from "../storage/yard.ts";
import type { ContainerCli } from "./cli.ts";
import { commitImage, commitNow, flattened, oneCommit } from "./commit.ts";
import { inspectImage } from "./images.ts";
import { labelFlags, placeMarker } from "./labels.ts";
import { copyContainer } from "./serve.ts";
import { PLACE, removeContainer } from "./workshop.ts";

interface Site {
  cli: ContainerCli;
  yard: Yard | undefined;
  state: ServerState;
}

/** Freezes a copy's data: a clone beside it, or a layer on its image. */
export async function freezeCopy({ cli, yard, state }: Site, request: FreezeRequest): Promise<FrozenCopy> {
  const container = copyContainer(request.id);
  const running = state === "running";
  const [{ bytes, libc }, image] = await Promise.all([
    running ? measured(cli, container, request.from.owner) : { bytes: request.from.bytes, libc: "" },
    inspectImage(cli, request.from.method === "image" ? request.from.reference : request.from.image),
  ]);
  const platform: Platform = { platform: `linux/${image?.architecture ?? ""}`, libc };
  const halted = <T>(freeze: () => Promise<T>) => (running ? whilePaused(cli, container, freeze) : atRest(freeze));
  const { made, ms } = yard
    ? await freezeDirectory(yard, request, halted)
    : await oneCommit(() => freezeImage(cli, request, halted));
  const known = yard?.known === undefined ? {} : { pool: yard.known };
  return { frozen: { ...request.from, ...known, ...made, bytes, live: true }, platform, pausedMs: running ? ms : 0 };
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

type Halted = <T>(freeze: () => Promise<T>) => Promise<{ made: T; ms: number }>;

async function freezeDirectory(yard: Yard, { id, from, snapshot }: FreezeRequest, halted: Halted) {
  const [source, reference] = [`copies/${id}`, `snapshots/${snapshot}`];
  const files = { [MARKER_FILE]: await placeMarker("snapshot", snapshot, null) };
  try {
    await yard.sync(source);
    const { ms } = await halted(() => yard.clone(source, reference, { owner: from.owner, files }));
    await yard.freeze(reference);
    return { made: { reference }, ms };
  } catch (error) {
    await yard.remove(reference);
    throw error;
  }
}

async function freezeImage(cli: ContainerCli, { id, snapshot }: FreezeRequest, halted: Halted) {
  const content = { kind: "snapshot", id: snapshot } as const;
  const { made, ms } = await halted(() => commitNow(cli, copyContainer(id), content));
  const reference = await flattened(cli, made, content);
  // One layer of its own has no more of the volumes that were declared below.
  return { made: { reference, ...(reference === made ? {} : { volumes: [] as Frozen["volumes"] }) }, ms };
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

async function whilePaused<T>(
  cli: ContainerCli,
  container: string,
  action: () => Promise<T>,
): Promise<{ made: T; ms: number }> {
  const begun = performance.now();
  const guard = start(["sh", "-c", HALT, "ditto", cli.tool, container], { detached: true });
  try {
    const { value } = await guard.stdout.getReader().read();
    if (!value) throw notHalted((await guard.done).stderr);
    const made = await action();
    await guard.stdin.end();
    const { status, stderr } = await guard.done;
    if (status !== 0) throw notHalted(stderr);
    return { made, ms: Math.round(performance.now() - begun) };
  } finally {
    await guard.stdin.end();
    await guard.done;
  }
}

async function atRest<T>(action: () => Promise<T>): Promise<{ made: T; ms: number }> {
  return { made: await action(), ms: 0 };
}

async function measured(cli: ContainerCli, container: string, owner: string): Promise<{ bytes: number; libc: string }> {
  const script = `du -sk ${PLACE.directory} 2>/dev/null | cut -f1; ${TELL_LIBC} || :`;
  const { stdout } = await cli(["exec", "--user", owner, container, "sh", "-c", script], { check: false });
  const [kilobytes = "0", libc = ""] = stdout.split("\n");
  return { bytes: Number(kilobytes) * 1024, libc: libc.trim() };
}

function notHalted(said: string): DittoError {
  const state = said.trim().split("\n").at(-1) || "its container doesn't answer";
  return new DittoError(`Cannot halt the copy's server: ${state}`, {
    code: "PAUSE_FAILED",
    hint: 'Run "bun scripts/copy.ts list" to see what became of it',
  });
}
