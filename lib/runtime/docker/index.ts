import { isTerminal } from "../../kit/stdio.ts";
import type { Frozen, Runtime, ServerState } from "../index.ts";
import { askVersion } from "./ask.ts";
import { type ContainerCli, type ContainerTool, containerCli } from "./cli.ts";
import { expiryOf, setExpiry } from "./expiry.ts";
import { containerAddress } from "./network.ts";
import { packFrozen } from "./pack.ts";
import { copyContainer, restart, serve } from "./serve.ts";
import { freeSpaceOf } from "./space.ts";
import { memoryOf, openStaging } from "./staging.ts";
import { listThings, removeThing } from "./things.ts";
import { containerToolbox, execArguments } from "./tools.ts";
import { openToolbox, openWorkshop, removeContainer } from "./workshop.ts";
import { existingYards, yardOf } from "./yards.ts";

/** A checkpoint of a big copy takes its time. */
const STOP_SECONDS = 120;

/** Docker, or podman, which speaks the same grammar through another binary. */
export function containerRuntime(tool: ContainerTool, say: (text: string) => void): Runtime {
  const cli = containerCli(tool);
  const context = { cli, say };
  return {
    name: tool,
    openWorkshop: (request) => openWorkshop(context, request),
    openToolbox: (request) => openToolbox(context, request),
    openStaging: (request) => openStaging(context, request),
    memory: () => memoryOf(cli),
    locate: (host) => containerAddress(cli, host),
    askVersion: (question) => askVersion(cli, question),
    serve: async (request) => serve(cli, request, await yardOf(cli, request.from)),
    insideCopy: async (id, from) => containerToolbox(cli, copyContainer(id), from.owner, "/tmp"),
    async attach(id, from, command) {
      const { args, env } = execArguments(command, copyContainer(id), from.owner, "data");
      const terminal = isTerminal(0) && isTerminal(1) ? ["-t"] : [];
      return { argv: [tool, "exec", ...terminal, ...args.slice(1)], env };
    },
    state: (id) => stateOf(cli, copyContainer(id)),
    async stopServer(id) {
      await cli(["stop", "-t", String(STOP_SECONDS), copyContainer(id)], { purpose: "stop the copy" });
    },
    restart: async (request) => restart(cli, request, await yardOf(cli, request.from)),
    async hasData(id, from) {
      const yard = await yardOf(cli, from).catch((error) => {
        if ((error as { code?: string }).code !== "POOL_MISSING") throw error;
        return "gone" as const;
      });
      if (yard === "gone") return false;
      if (yard) return yard.exists(`copies/${id}`);
      return (await stateOf(cli, copyContainer(id))) !== "missing";
    },
    async logs(id) {
      const { stdout, stderr } = await cli(["logs", copyContainer(id)], { purpose: "read the server's log" });
      return stdout + stderr;
    },
    async removeCopy(id, from) {
      await removeContainer(cli, copyContainer(id));
      const yard = await yardOf(cli, from);
      await yard?.remove(`copies/${id}`);
    },
    async exists(from) {
      if (from.method !== "image") return directoryExists(cli, from);
      const args = ["image", "inspect", "--format", "ok", from.reference];
      return (await inspected(cli, args, "look for the base's image")) !== undefined;
    },
    async removeFrozen(from) {
      const yard = await yardOf(cli, from);
      if (yard) await yard.remove(from.reference);
      else await cli(["image", "rm", "-f", from.reference], { check: false });
    },
    packFrozen: async (from, read) => packFrozen(cli, from, await yardOf(cli, from), read),
    things: async () => listThings(cli, await existingYards(cli)),
    removeThing: async (what) => removeThing(cli, await existingYards(cli), what),
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

async function stateOf(cli: ContainerCli, container: string): Promise<ServerState> {
  const args = ["container", "inspect", "--format", "{{.State.Status}}", container];
  const state = (await inspected(cli, args, "look at the copy's server"))?.trim();
  if (state === undefined) return "missing";
  return state === "running" || state === "paused" ? state : "exited";
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

async function directoryExists(cli: ContainerCli, from: Frozen): Promise<boolean> {
  try {
    return (await (await yardOf(cli, from))?.exists(from.reference)) ?? false;
  } catch (error) {
    if ((error as { code?: string }).code === "POOL_MISSING") return false;
    throw error;
  }
}
