import { totalmem } from "node:os";
import { availableMemory } from "node:process";
import { makeOrUndo } from "../../kit/cleanup.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Child } from "../../kit/exec.ts";
import { hasSwap } from "../../kit/memory.ts";
import { HERE, type Memory, type Staging, type StagingRequest } from "../index.ts";
import { type ContainerCli, explain } from "./cli.ts";
import { daemonHost } from "./daemon-host.ts";
import { coverVolumes, ensureImage } from "./images.ts";
import { labelFlags, placeMarker } from "./labels.ts";
import { canShut, copyNetwork, createCopyNetwork, shutWayOut } from "./network.ts";
import { containerToolbox } from "./tools.ts";
import { type Context, handOver, PLACE, removeContainer, WORK } from "./workshop.ts";

/**
 * The container lives as long as its stdin is open, which ends with this process, also by SIGKILL; then the daemon removes
 * it with its memory. The word tells that it runs.
 */
const LIFELINE = `exec 3<&0; trap 'exit 0' TERM INT; echo open; cat <&3 >/dev/null & wait "$!"`;

/** What its server and tools need besides the files, in bytes. */
const SERVER_MEMORY = 1 << 30;

/**
 * Opens a container for a server of raw rows: its files in memory, its network closed, its port this machine's alone.
 * Throws `STAGING_ELSEWHERE` where that would be another machine's.
 */
export async function openStaging({ cli, say }: Context, request: StagingRequest): Promise<Staging> {
  await refuseElsewhere(cli);
  const image = await ensureImage(cli, request.image, say);
  await createCopyNetwork(cli);
  const container = `ditto-${request.id}-staging`;
  const close = () => removeContainer(cli, container);
  return makeOrUndo(async () => {
    await untilOpen(cli, await runArguments(cli, request, { container, ...image }));
    if (cli.tool === "podman" && canShut(cli.tool, HERE)) await shutWayOut(cli, container);
    const tools = containerToolbox(cli, container, request.user, WORK);
    const owner = await handOver(
      { ...tools, runtime: cli.tool },
      request.user,
      await placeMarker("tool", request.id, null),
    );
    const port = await publishedPort(cli, container, request.serverPort);
    const listen = { port: request.serverPort, listen: "*" };
    return { ...tools, place: PLACE, owner, listen, reach: { host: HERE, port }, close };
  }, close);
}

/** Raw rows are not put on a port that others reach. */
async function refuseElsewhere(cli: ContainerCli): Promise<void> {
  const host = await daemonHost(cli);
  if (host === HERE) return;
  throw new DittoError(
    `Cannot mask a raw file: the ${cli.tool} daemon is on "${host}", and the server that holds the raw rows listens on that machine alone`,
    {
      code: "STAGING_ELSEWHERE",
      hint: 'Use --runtime native, or build the base on a machine with a daemon of its own ("bun scripts/base.ts export")',
    },
  );
}

async function runArguments(
  cli: ContainerCli,
  request: StagingRequest,
  { container, id, volumes }: { container: string; id: string; volumes: string[] },
): Promise<string[]> {
  return [
    ...["run", "-i", "--rm", "--pull", "never", "--name", container, ...(await labelFlags("tool", request.id))],
    ...["--network", await copyNetwork(), "-p", `${HERE}::${request.serverPort}`],
    ...["--log-driver", "none", "--shm-size", "1g", "--user", "root", "--workdir", "/", "--entrypoint", "sh"],
    ...["--security-opt", "no-new-privileges", ...(cli.tool === "docker" ? ["--ulimit", "core=0"] : [])],
    ...(request.memory === undefined ? [] : await inMemory(cli, request.memory)),
    ...coverVolumes(volumes),
    ...[id, "-c", LIFELINE],
  ];
}

/** Nothing can be written to but memory, and memory not to the swap. */
async function inMemory(cli: ContainerCli, bytes: number): Promise<string[]> {
  const mounts = [PLACE.directory, WORK, "/tmp"].flatMap((path) => [
    "--mount",
    `type=tmpfs,destination=${path},tmpfs-size=${bytes},tmpfs-mode=${path === "/tmp" ? "1777" : "0700"}`,
  ]);
  const limit = String(bytes + SERVER_MEMORY);
  const swapless = isHere(await totalOf(cli)) && !(await hasSwap());
  return ["--read-only", ...mounts, ...(swapless ? [] : ["--memory", limit, "--memory-swap", limit])];
}

/** Starts the container; resolves when it runs. */
async function untilOpen(cli: ContainerCli, args: string[]): Promise<Child> {
  const child = cli.start(args);
  const first = await child.stdout.getReader().read();
  if (!first.done) return child;
  const { status, stderr } = await child.done;
  throw explain(cli.tool, args, "open the staging server", { status, stderr, stdout: "", timedOut: false });
}

async function publishedPort(cli: ContainerCli, container: string, inside: number): Promise<number> {
  const { stdout } = await cli(["port", container, `${inside}/tcp`], { purpose: "open the staging server" });
  return Number(/:(\d+)\s*$/m.exec(stdout)?.[1]);
}

/** What the containers' memory is: a daemon elsewhere, or in a virtual machine, tells only how much it has, not whether there is swap. */
export async function memoryOf(cli: ContainerCli): Promise<Memory> {
  const total = await totalOf(cli);
  if (!isHere(total)) return { bytes: total / 2, swaps: !(await limitsSwap(cli)) };
  return { bytes: availableMemory(), swaps: (await hasSwap()) && !(await limitsSwap(cli)) };
}

async function totalOf(cli: ContainerCli): Promise<number> {
  const format = cli.tool === "docker" ? "{{.MemTotal}}" : "{{.Host.MemTotal}}";
  return Number((await cli(["info", "--format", format], { purpose: "ask for the memory" })).stdout.trim());
}

function isHere(total: number): boolean {
  return process.platform === "linux" && Math.abs(total - totalmem()) < totalmem() / 100;
}

/** Kernels of old must be told to count swap; docker goes on with a warning where they were not. */
async function limitsSwap(cli: ContainerCli): Promise<boolean> {
  if (cli.tool === "podman") return true;
  return (await cli(["info", "--format", "{{.SwapLimit}}"], { check: false })).stdout.trim() === "true";
}
