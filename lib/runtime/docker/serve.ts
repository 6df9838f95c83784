import { DittoError } from "../../kit/errors.ts";
import type { ExecResult } from "../../kit/exec.ts";
import { newId } from "../../kit/state.ts";
import type { Frozen, GivenWay, Served, ServeRequest } from "../index.ts";
import { MARKER_FILE } from "../storage/pool.ts";
import type { Yard } from "../storage/yard.ts";
import { type ContainerCli, explain } from "./cli.ts";
import { coverVolumes } from "./images.ts";
import { labelFlags, placeMarker } from "./labels.ts";
import { canShut, copyNetwork, createCopyNetwork, shutWayOut } from "./network.ts";
import { PLACE, removeContainer } from "./workshop.ts";

/** What another server's run left in a place that was frozen under it: emptied, it means nothing. */
const REMAINS = { running: "", expires: "" };

const NO_NETWORK = /network .*not found|unable to find network/i;

/** A checkpoint of a big copy takes its time. */
const STOP_SECONDS = 120;

/** The container of a copy. */
export function copyContainer(id: string): string {
  return `ditto-${id}`;
}

/** Clones a frozen directory and starts a server on it. Leaves nothing behind when it fails. */
export async function serve(cli: ContainerCli, wish: ServeRequest, yard: Yard | undefined): Promise<Served> {
  const { request, begin, settled } = beginningEarly(wish);
  const path = `copies/${request.id}`;
  if (yard) {
    const marker = await placeMarker("copy", request.id, request.expiresAt);
    const files = { ...request.files, ...(request.from.live ? REMAINS : {}), [MARKER_FILE]: marker };
    const options = { owner: request.from.owner, files, cloned: begin };
    await yard.clone(request.from.reference, path, options).catch(async (error) => {
      await settled();
      throw error;
    });
  }
  try {
    await startContainer(cli, request, yard && { yard, path });
  } catch (error) {
    await removeContainer(cli, copyContainer(request.id));
    await yard?.remove(path);
    throw error;
  }
  return { method: request.from.method };
}

/** What has to be done before the start begins as soon as somebody says so, once. */
function beginningEarly(wish: ServeRequest): { request: ServeRequest; begin(): void; settled(): Promise<unknown> } {
  const { beforeStart } = wish;
  if (!beforeStart) return { request: wish, begin: () => {}, settled: async () => {} };
  let begun: ReturnType<typeof beforeStart> | undefined;
  const once = () => {
    begun ??= beforeStart();
    return begun;
  };
  return {
    request: { ...wish, beforeStart: once },
    // Whoever starts the server hears of a failure.
    begin: () => void once().catch(() => {}),
    settled: async () => begun?.catch(() => {}),
  };
}

/** Starts the container; what is missing around it (network, mount) is put right once. */
async function startContainer(
  cli: ContainerCli,
  request: ServeRequest,
  at: { yard: Yard; path: string } | undefined,
  gone: (from: Frozen) => DittoError = goneBase,
): Promise<void> {
  const env = at ? {} : fileVariables(request.files);
  const args = () => runArguments(request, at && `${at.yard.mountpoint}/${at.path}`);
  const { first, ended } = await launch(cli, request, { args: await args(), env });
  if (first.status === 0) return settleNetworks(cli, request);
  // Who gave way may only have all of the port's ways closed when it has stopped.
  await ended;
  if (NO_NETWORK.test(first.stderr)) await createCopyNetwork(cli);
  else if (/no such image|manifest unknown|image not known/i.test(first.stderr)) throw gone(request.from);
  else if (/bind source path does not exist|statfs .* no such file/i.test(first.stderr)) await at?.yard.repair?.();
  await removeContainer(cli, copyContainer(request.id));
  await cli(["run", "-d", ...(await args())], { env, purpose: "start the copy" });
  await settleNetworks(cli, request);
}

/** In one step, or where something has to be done before the start: the container is made meanwhile. */
async function launch(
  cli: ContainerCli,
  { id, beforeStart }: ServeRequest,
  { args, env }: { args: string[]; env: Record<string, string> },
): Promise<{ first: ExecResult; ended?: Promise<void> }> {
  if (!beforeStart) return { first: await cli(["run", "-d", ...args], { check: false, env }) };
  const making = cli(["create", ...args], { check: false, env });
  const { ended } = await beforeStart().finally(() => making);
  const made = await making;
  return { first: made.status === 0 ? await cli(["start", copyContainer(id)], { check: false }) : made, ended };
}

/** What a container's network is only when it runs: shut, on podman, and the networks that it joins. */
async function settleNetworks(
  cli: ContainerCli,
  { id, alias, joins, network: wish, bind }: ServeRequest,
): Promise<void> {
  if (cli.tool === "podman" && wish === "closed" && canShut(cli.tool, bind)) await shutWayOut(cli, copyContainer(id));
  for (const network of joins) {
    const known = alias === undefined ? [] : ["--alias", alias];
    await cli(["network", "connect", ...known, network, copyContainer(id)], {
      purpose: `join the network "${network}"`,
    });
  }
}

/**
 * Starts the server of a copy again: its container, or where that is gone (pruned while it was stopped) another one on
 * the copy's directory. An image's copy lives in its container only.
 */
export async function restart(cli: ContainerCli, request: ServeRequest, yard: Yard | undefined): Promise<void> {
  const container = copyContainer(request.id);
  const path = `copies/${request.id}`;
  const started = await startAgain(cli, container);
  if (started.status === 0) return settleNetworks(cli, { ...request, joins: [] });
  const gone = /no such container|no container with/i.test(started.stderr);
  if (yard && (await yard.exists(path))) {
    await removeContainer(cli, container);
    return startContainer(cli, { ...request, files: {} }, { yard, path }, goneServer);
  }
  if (yard || gone) throw lostCopy(request.id);
  if (NO_NETWORK.test(started.stderr)) await joinNewNetwork(cli, container);
  await cli(["start", container], { purpose: "start the copy" });
  await settleNetworks(cli, { ...request, joins: [] });
}

/** The container remembers the number of the network that is gone. */
async function joinNewNetwork(cli: ContainerCli, container: string): Promise<void> {
  const network = await copyNetwork();
  await createCopyNetwork(cli);
  await cli(["network", "disconnect", "-f", network, container], { check: false });
  await cli(["network", "connect", network, container], { purpose: "start the copy" });
}

/** podman starts nothing that is still being stopped, which a command that was killed may have begun. */
async function startAgain(cli: ContainerCli, container: string): Promise<ExecResult> {
  const start = () => cli(["start", container], { check: false });
  const started = await start();
  if (!/container state improper/i.test(started.stderr)) return started;
  await stopServer(cli, container);
  return start();
}

/** Stops a server cleanly; resolves when it has ended. */
export async function stopServer(cli: ContainerCli, container: string): Promise<void> {
  await cli(["stop", "-t", String(STOP_SECONDS), container], { purpose: "stop the copy" });
}

/**
 * Stops a server for another one on its port. Outside of its network it has none, so that the other need not wait for its
 * end. Podman, and a container with a second network, which may take over its ports, give them up when they stop.
 */
export async function giveWay(cli: ContainerCli, request: ServeRequest): Promise<GivenWay> {
  const container = copyContainer(request.id);
  const ended = stopServer(cli, container);
  // Whoever waits for it hears of a failure all the same.
  ended.catch(() => {});
  const leaves = cli.tool === "docker" && request.joins.length === 0;
  const left = leaves
    ? await cli(["network", "disconnect", "-f", await networkOf(request), container], { check: false })
    : undefined;
  if (left?.status !== 0) await ended;
  return { ended };
}

/** Puts a server that gave way back where its port is. */
export async function takeBack(cli: ContainerCli, request: ServeRequest): Promise<void> {
  if (cli.tool !== "docker" || request.joins.length > 0) return;
  const container = copyContainer(request.id);
  const joined = await cli(["network", "connect", await networkOf(request), container], { check: false });
  if (joined.status === 0 || /already exists in network|no such container/i.test(joined.stderr)) return;
  if (NO_NETWORK.test(joined.stderr)) return joinNewNetwork(cli, container);
  throw explain(cli.tool, [], "give the copy its port back", joined);
}

async function networkOf({ network }: ServeRequest): Promise<string> {
  return network === "open" ? "bridge" : copyNetwork();
}

function goneServer(from: Frozen): DittoError {
  return new DittoError(`Cannot start the copy: the image of its server is gone from ${from.runtime}`, {
    code: "SERVER_MISSING",
    hint: `The copy's data is as it was: bring image ${from.image} back and run the command again`,
  });
}

function lostCopy(id: string): DittoError {
  return new DittoError(`Cannot start the copy "${id}": its data is gone`, {
    code: "COPY_LOST",
    hint: 'Something removed it (a "docker system prune"?): "bun scripts/copy.ts reset" makes it again from its base, on the same URL',
  });
}

/** For `run` and `create` alike. */
async function runArguments(request: ServeRequest, directory: string | undefined): Promise<string[]> {
  const { from } = request;
  const script = request.script(PLACE, { port: request.serverPort, listen: "*" });
  const expiry: Record<string, string> = request.expiresAt === null ? {} : { "ditto.expires": request.expiresAt };
  const limits = [
    ...(request.memory ? ["--memory", request.memory] : []),
    ...(request.cpus ? ["--cpus", request.cpus] : []),
  ];
  return [
    ...["--pull", "never", "--name", copyContainer(request.id)],
    ...(await labelFlags("copy", request.id, expiry)),
    ...["--network", await networkOf(request)],
    ...["-p", `${request.bind}:${request.port}:${request.serverPort}`],
    ...["--user", from.owner, "--workdir", "/", "--entrypoint", "sh", "--shm-size", "1g", "--stop-timeout", "120"],
    ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges", ...limits],
    ...(directory === undefined
      ? Object.keys(fileVariables(request.files)).flatMap((name) => ["-e", name])
      : ["--mount", `type=bind,source=${directory},destination=${PLACE.directory}`]),
    ...coverVolumes(from.volumes),
    ...[
      from.method === "image" ? from.reference : from.image,
      "-c",
      directory === undefined ? clearRemains(from) + unpack(request.files) + script : script,
    ],
  ];
}

/**
 * In an image there is no directory to put files into before the start, and `docker cp` costs 0.1 s: they travel in
 * the container's environment, which `inspect` shows. So they may hold verifiers of passwords, never passwords.
 */
function fileVariables(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.values(files).map((content, index) => [`DITTO_FILE_${index}`, content]));
}

/** At the first start only: what the server itself leaves counts at the next. */
function clearRemains({ live }: Frozen): string {
  if (!live) return "";
  const [clone, mark] = [newId(), `${PLACE.directory}/clone`];
  const remains = Object.keys(REMAINS).map((name) => `${PLACE.directory}/${name}`);
  return `[ "$(cat ${mark} 2>/dev/null)" = ${clone} ] || { rm -f ${remains.join(" ")}; printf ${clone} > ${mark}; }\n`;
}

function unpack(files: Record<string, string>): string {
  return Object.keys(files)
    .map(
      (name, index) =>
        `(umask 077; printf '%s' "$DITTO_FILE_${index}" > ${PLACE.directory}/${name}); unset DITTO_FILE_${index}\n`,
    )
    .join("");
}

/** The error for a base whose image or directory was removed by somebody else; `action` continues "Cannot …". */
export function goneBase(from: Frozen, action = "make a copy"): DittoError {
  const what = from.method === "image" ? "the base's image" : "the base's directory, or the image of its server,";
  return new DittoError(`Cannot ${action}: ${what} is gone from ${from.runtime}`, {
    code: "BASE_LOST",
    hint: 'Something removed it (a "docker system prune"?): run "bun scripts/reseed.ts" to build it again',
  });
}
