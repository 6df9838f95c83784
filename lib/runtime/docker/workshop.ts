import { makeOrUndo } from "../../kit/cleanup.ts";
import { DittoError } from "../../kit/errors.ts";
import {
  type Frozen,
  type FrozenKind,
  HERE,
  type Toolbox,
  type ToolboxRequest,
  type Workshop,
  type WorkshopRequest,
} from "../index.ts";
import { MARKER_FILE } from "../storage/pool.ts";
import type { Yard } from "../storage/yard.ts";
import { type ContainerCli, type ContainerTool, explain } from "./cli.ts";
import { commitImage } from "./commit.ts";
import { daemonHost } from "./daemon-host.ts";
import { coverVolumes, ensureImage, type ImageFacts } from "./images.ts";
import { labelFlags, placeMarker } from "./labels.ts";
import { isLoopback } from "./network.ts";
import { platformOf, unpackPlace } from "./pack.ts";
import { dataRoot } from "./space.ts";
import { containerToolbox } from "./tools.ts";
import { chooseYard } from "./yards.ts";

/** Where a place lies in every container: outside any VOLUME, or `docker commit` would leave the data behind. */
export const PLACE = { directory: "/ditto", run: "/ditto/run" };

/** The folder that tools of one build share. */
export const WORK = "/work";

/** How long the daemon may take to remove a container, in milliseconds. */
const REMOVAL_MS = 60_000;

/** Keeps the container alive, and ends at once when it is stopped. */
export const KEEPER = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait \"$!\"; done";

export interface Context {
  cli: ContainerCli;
  say: (text: string) => void;
}

/** Opens the container in which a base is built: no network, the server's own user, an empty place. */
export async function openWorkshop(context: Context, request: WorkshopRequest): Promise<Workshop> {
  const { cli } = context;
  const image = await ensureImage(cli, request.image, context.say);
  const yard = await chooseYard(cli, request.storage, image.id);
  const site: Site = {
    container: `ditto-${request.id}-workshop`,
    volume: workVolume(request.id),
    path: `tmp/${request.id}`,
    image,
    yard,
  };
  return makeOrUndo(
    () => fitOut(cli, request, site),
    () => closeWorkshop(cli, site),
  );
}

/** What a workshop consists of. */
interface Site {
  container: string;
  volume: string;
  /** In the yard, where there is one. */
  path: string;
  image: ImageFacts;
  yard: Yard | undefined;
}

async function fitOut(cli: ContainerCli, request: WorkshopRequest, site: Site): Promise<Workshop> {
  const { container, volume, path, image, yard } = site;
  await cli(["volume", "create", ...(await labelFlags("tool", request.id)), volume]);
  // The owner's number isn't known before the image has run once; the workshop hands the directory over itself.
  if (yard) await yard.create(path, "0:0");
  const marker = await placeMarker("tool", request.id, null);
  const mount = yard ? ["--mount", `type=bind,source=${yard.mountpoint}/${path},destination=${PLACE.directory}`] : [];
  await cli(
    [
      ...["run", "-d", "--name", container, ...(await labelFlags("tool", request.id)), "--network", "none"],
      ...["--log-driver", "none", "--shm-size", "1g", "--user", "root", "--entrypoint", "sh"],
      ...["--mount", `type=volume,source=${volume},destination=${WORK}`, ...mount, ...coverVolumes(image.volumes)],
      ...[image.id, "-c", KEEPER],
    ],
    { purpose: "open the workshop for the base" },
  );
  const tools = containerToolbox(cli, container, request.user, WORK);
  const owner = await handOver({ ...tools, runtime: cli.tool }, request.user, marker);
  return {
    ...tools,
    place: PLACE,
    owner,
    platform: () => platformOf(tools, image.architecture),
    unpack: (tar) => unpackPlace({ cli, container, tools, owner }, tar),
    freeze: (id, kind = "base") => freeze(cli, { ...site, id, kind, owner, tools }),
    close: () => closeWorkshop(cli, site),
  };
}

async function freeze(
  cli: ContainerCli,
  what: Site & { id: string; kind: FrozenKind; owner: string; tools: Toolbox },
): Promise<Frozen> {
  const { yard, id, kind, image, owner } = what;
  const [bytes, platform, root] = await Promise.all([
    placeBytes(what.tools),
    platformOf(what.tools, image.architecture),
    dataRoot(cli),
  ]);
  const { method, reference } = yard
    ? await freezeDirectory(yard, what.path, FOLDER_OF[kind] + id)
    : { method: "image" as const, reference: await commitImage(cli, what.container, { kind, id }) };
  const pool = yard?.known === undefined ? {} : { pool: yard.known };
  return {
    runtime: cli.tool,
    method,
    reference,
    bytes,
    image: image.id,
    owner,
    volumes: image.volumes,
    platform,
    dataRoot: root,
    ...pool,
  };
}

const FOLDER_OF: Record<FrozenKind, string> = { base: "bases/", snapshot: "snapshots/" };

/** Opens a container whose tools reach the source and share the workshop's work folder. */
export async function openToolbox(context: Context, request: ToolboxRequest): Promise<Toolbox> {
  const { cli } = context;
  await refuseReachFromElsewhere(cli, request.reach);
  const image = await ensureImage(cli, request.image, context.say);
  const container = `ditto-${request.id}-tools`;
  const work = ["--mount", `type=volume,source=${workVolume(request.id)},destination=${WORK}`];
  const args = [
    ...["run", "-d", "--name", container, ...(await labelFlags("tool", request.id)), ...reachFlags(request.reach)],
    ...["--log-driver", "none", "--user", "root", "--entrypoint", "sh", ...work, ...coverVolumes(image.volumes)],
    ...[image.id, "-c", KEEPER],
  ];
  const close = () => removeContainer(cli, container);
  await makeOrUndo(() => cli(args, { purpose: "open the tools beside the source" }), close);
  return {
    // Images number their users differently, and the workshop has to read what is written here.
    ...containerToolbox(cli, container, request.workshop.owner, WORK),
    ...sourceHost(request.reach),
    close,
  };
}

/** The tools run where the daemon is: this machine's own addresses, be it a tunnel's, are others there. */
async function refuseReachFromElsewhere(cli: ContainerCli, reach: ToolboxRequest["reach"]): Promise<void> {
  const address = "socket" in reach ? reach.socket : reach.host;
  if ("host" in reach && !isLoopback(address)) return;
  const host = await daemonHost(cli);
  if (host === HERE) return;
  throw new DittoError(
    `Cannot read the source: it is reached at ${address} of this machine, and the dump tools run on "${host}", where the ${cli.tool} daemon is`,
    {
      code: "SOURCE_ELSEWHERE",
      hint: `Give the source's address as "${host}" reaches it, without a tunnel; or build the base on a machine with a daemon of its own ("bun scripts/base.ts export")`,
    },
  );
}

function sourceHost(reach: ToolboxRequest["reach"]): Pick<Toolbox, "sourceHost"> {
  const elsewhere = process.platform !== "linux" && "host" in reach && isLoopback(reach.host);
  return elsewhere ? { sourceHost: "host.docker.internal" } : {};
}

function reachFlags(reach: ToolboxRequest["reach"]): string[] {
  if ("socket" in reach) {
    return ["--network", "none", "--mount", `type=bind,source=${reach.socket},destination=${reach.socket}`];
  }
  const { host, name } = reach;
  // On Linux the host's network sees what ditto sees: its localhost, its VPN, its /etc/hosts.
  if (process.platform === "linux") {
    return ["--network", "host", ...(name === undefined ? [] : ["--add-host", `${name}:${host}`])];
  }
  if (!isLoopback(host)) return name === undefined ? [] : ["--add-host", `${name}:${host}`];
  return ["--add-host", `${name ?? "host.docker.internal"}:host-gateway`];
}

/** Makes the place and the work folder the server's own; resolves to its user as `uid:gid`. */
export async function handOver(
  tools: Toolbox & { runtime: ContainerTool },
  user: string,
  marker: string,
): Promise<string> {
  const script = `set -e; mkdir -p ${PLACE.run} ${WORK}; printf '%s' "$2" > ${PLACE.directory}/${MARKER_FILE}; chmod 700 ${PLACE.directory} ${PLACE.run}
chown "$1" ${PLACE.directory} ${PLACE.run} ${WORK}; chmod 1777 ${WORK}; echo "$(id -u "$1"):$(id -g "$1")"`;
  const result = await tools.run({ tool: "sh", args: ["-c", script, "sh", user, marker] }, { asRoot: true });
  if (result.status !== 0) throw explain(tools.runtime, [], "prepare the workshop", result);
  return result.stdout.trim();
}

async function placeBytes(tools: Toolbox): Promise<number> {
  const { stdout } = await tools.run({ tool: "du", args: ["-sk", PLACE.directory] }, { asRoot: true });
  return Number.parseInt(stdout, 10) * 1024 || 0;
}

async function freezeDirectory(
  yard: Yard,
  path: string,
  reference: string,
): Promise<Pick<Frozen, "method" | "reference">> {
  await yard.rename(path, reference);
  await yard.freeze(reference);
  return { method: yard.method, reference };
}

async function closeWorkshop(cli: ContainerCli, { container, volume, yard, path }: Site): Promise<void> {
  await removeContainer(cli, container);
  await cli(["volume", "rm", "-f", volume], { check: false });
  if (yard) await yard.remove(path);
}

/** Removes a container with its anonymous volumes; none is fine too. */
export async function removeContainer(cli: ContainerCli, container: string): Promise<void> {
  const until = Date.now() + REMOVAL_MS;
  for (;;) {
    const { status, stderr } = await cli(["rm", "-f", "-v", container], { check: false });
    if (status === 0 || /no such container|no container with/i.test(stderr)) return;
    // Of one that the daemon removes by itself when it ends.
    if (!/removal of container .* is already in progress/i.test(stderr) || Date.now() > until) break;
    await Bun.sleep(100);
  }
  await cli(["rm", "-f", "-v", container], { purpose: `remove container "${container}"` });
}

function workVolume(id: string): string {
  return `ditto-${id}-work`;
}
