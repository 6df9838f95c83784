import type { DittoError } from "../../kit/errors.ts";
import { isTerminal } from "../../kit/stdio.ts";
import type { Frozen, Runtime, ServerState } from "../index.ts";
import { ask, askVersion } from "./ask.ts";
import { type ContainerCli, type ContainerTool, containerCli } from "./cli.ts";
import { daemonHost } from "./daemon-host.ts";
import { expiryOf, setExpiry } from "./expiry.ts";
import { copyFrozen, freezeCopy } from "./freeze.ts";
import { removeImage } from "./images.ts";
import { containerAddress } from "./network.ts";
import { packFrozen } from "./pack.ts";
import { copyContainer, giveWay, restart, serve, stopServer, takeBack } from "./serve.ts";
import { freeSpaceOf } from "./space.ts";
import { memoryOf, openStaging } from "./staging.ts";
import { listThings, removeThing } from "./things.ts";
import { containerToolbox, execArguments } from "./tools.ts";
import { openToolbox, openWorkshop, removeContainer } from "./workshop.ts";
import { existingYards, yardOf } from "./yards.ts";

/** Docker, or podman, which speaks the same grammar through another binary. */
export function containerRuntime(tool: ContainerTool, say: (text: string) => void): Runtime {
  const cli = containerCli(tool);
  const context = { cli, say };
  return {
    name: tool,
    host: () => daemonHost(cli),
    openWorkshop: (request) => openWorkshop(context, request),
    openToolbox: (request) => openToolbox(context, request),
    openStaging: (request) => openStaging(context, request),
    memory: () => memoryOf(cli),
    locate: (host) => containerAddress(cli, host),
    ask: (question) => ask(cli, question),
    askVersion: (question) => askVersion(cli, question),
    serve: async (request) => serve(cli, request, await yardOf(cli, request.from)),
    insideCopy: async (id, from) => containerToolbox(cli, copyContainer(id), from.owner, "/tmp"),
    async attach(id, from, command) {
      const { args, env } = execArguments(command, copyContainer(id), from.owner, "data");
      const terminal = isTerminal(0) && isTerminal(1) ? ["-t"] : [];
      return { argv: [tool, "exec", ...terminal, ...args.slice(1)], env };
    },
    state: (id) => stateOf(cli, copyContainer(id)),
    stopServer: (id) => stopServer(cli, copyContainer(id)),
    giveWay: (request) => giveWay(cli, request),
    takeBack: (request) => takeBack(cli, request),
    async pause(id) {
      for (let turn = 1; turn < 5; turn++) {
        if ((await cli(["pause", copyContainer(id)], { check: false })).status === 0) return;
      }
      await cli(["pause", copyContainer(id)], { purpose: "pause the copy" });
    },
    async resume(id) {
      await cli(["unpause", copyContainer(id)], { purpose: "resume the copy" });
    },
    freezeCopy: async (request) => freezeCopy({ cli, yard: await yardOf(cli, request.from) }, request),
    restart: async (request) => restart(cli, request, await yardOf(cli, request.from)),
    async hasData(id, from) {
      if (from.method !== "image") return directoryExists(cli, from, `copies/${id}`);
      return (await stateOf(cli, copyContainer(id))) !== "missing";
    },
    async logs(id) {
      const options = { purpose: "read the server's log", together: true };
      return (await cli(["logs", copyContainer(id)], options)).stdout;
    },
    async removeCopy(id, from, { atRest = false } = {}) {
      const removing = removeContainer(cli, copyContainer(id));
      // A server that runs would lose its data under its feet.
      if (!atRest) await removing;
      const emptying = unlessPoolGone(async () => (await yardOf(cli, from))?.remove(`copies/${id}`));
      await Promise.all([removing, emptying]);
    },
    async exists(from) {
      const args = ["image", "inspect", "--format", "ok", from.method === "image" ? from.reference : from.image];
      const [image, data] = await Promise.all([
        inspected(cli, args, "look for the base's image"),
        from.method === "image" || directoryExists(cli, from, from.reference),
      ]);
      return image !== undefined && data;
    },
    async removeFrozen(from) {
      if (from.method === "image") await removeImage(cli, from.reference);
      else await unlessPoolGone(async () => (await yardOf(cli, from))?.remove(from.reference));
    },
    copyFrozen: async (from, snapshot) => copyFrozen(cli, from, { yard: await yardOf(cli, from), snapshot }),
    async frozenUsage(from) {
      const yard = await yardOf(cli, from);
      return yard ? yard.usage(from.reference) : layerBytes(cli, from.reference);
    },
    packFrozen: async (from, read) => packFrozen(cli, from, await yardOf(cli, from), read),
    things: async () => listThings(cli, await existingYards(cli)),
    removeThing: async (what) => removeThing(cli, await existingYards(cli), what),
    async sweepStorage() {
      const yards = await existingYards(cli);
      return (await Promise.all(yards.map((yard) => yard.sweep()))).flat();
    },
    setExpiry: (id, expiresAt) => setExpiry(cli, id, expiresAt),
    expiryOf: (thing) => expiryOf(cli, thing),
    freeSpace: (from) => freeSpaceOf(cli, from),
    async usage(id, from) {
      const yard = await yardOf(cli, from);
      if (yard) return yard.usage(`copies/${id}`);
      const { status, stdout } = await cli(
        ["container", "inspect", "-s", "--format", "{{.SizeRw}}", copyContainer(id)],
        { check: false },
      );
      return status === 0 ? Number(stdout) : undefined;
    },
  };
}

/** What an image adds to the one that it was made on. */
async function layerBytes(cli: ContainerCli, image: string): Promise<number | undefined> {
  const sizeOf = async (name: string) => {
    const args = ["image", "inspect", "--format", "{{.Size}} {{.Parent}}", name];
    const [size = "", parent = ""] = (await cli(args, { check: false })).stdout.trim().split(" ");
    return { size: Number(size), parent };
  };
  const { size, parent } = await sizeOf(image);
  if (!size) return undefined;
  return parent === "" ? size : size - (await sizeOf(parent)).size;
}

async function stateOf(cli: ContainerCli, container: string): Promise<ServerState> {
  const args = ["container", "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", container];
  const found = await inspected(cli, args, "look at the copy's server");
  if (found === undefined) return "missing";
  const [state, status] = found.trim().split(" ");
  if (state === "running" || state === "paused") return state;
  return status === "0" ? "exited" : "killed";
}

/** What inspect prints; undefined when there is no such thing, which a daemon that is down doesn't say. */
async function inspected(cli: ContainerCli, args: string[], purpose: string): Promise<string | undefined> {
  const { status, stdout, stderr } = await cli(args, { check: false });
  if (status === 0) return stdout;
  if (/no such (container|image|object)|no container with|image not known|failed to find image/i.test(stderr)) {
    return undefined;
  }
  return (await cli(args, { purpose })).stdout;
}

async function directoryExists(cli: ContainerCli, from: Frozen, path: string): Promise<boolean> {
  return (await unlessPoolGone(async () => (await yardOf(cli, from))?.exists(path))) ?? false;
}

/** What is asked of a pool or removed from it when there is one; a pool that is gone took everything with it. */
async function unlessPoolGone<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if ((error as DittoError).code !== "POOL_MISSING") throw error;
    return undefined;
  }
}
