import { chmod, chown, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { makeOrUndo } from "../../kit/cleanup.ts";
import { DittoError, usageError } from "../../kit/errors.ts";
import { startDetached } from "../../kit/exec.ts";
import { ownerTag } from "../../kit/owner.ts";
import { NAME } from "../../kit/state.ts";
import type { Frozen, Served, ServeRequest } from "../index.ts";
import { cloneDirectory } from "../storage/directory.ts";
import { nativeRoot, openTemporary, readMarker, writeMarker } from "./folders.ts";
import { type Owner, parseOwner, runAs } from "./privileges.ts";
import { pidFile, serverProcess } from "./processes.ts";
import { openRunDirectory } from "./run-directory.ts";
import { removeFolder } from "./things.ts";
import { cleanEnvironment } from "./tools.ts";

/**
 * POSIX sh that writes down who it is before it becomes the server's script: a ditto killed in this very moment leaves
 * no server that nobody knows of.
 */
const LAUNCH = `
umask 077
file=$1 boot=$2; shift 2
if [ -r "/proc/$$/stat" ]; then
  read -r line < "/proc/$$/stat"; fields=\${line##*) }
  started=$(set -- $fields; echo "\${20}")
else started=$(ps -o lstart= -p $$ | tr ' ' '-'); fi
printf '%s/%s/%s' "$boot" "$$" "$started" > "$file" || exit 1
exec "$@"
`;

/** Where a copy lies, and its place below. */
export async function copyFolder(id: string): Promise<string> {
  return join(await nativeRoot(), "copies", id);
}

/** Folders of the binaries of a frozen directory's server. */
export function binOf(from: Frozen): string[] {
  return from.image.split(":");
}

/** The place in a frozen directory. */
export async function frozenPlace(from: Frozen): Promise<string> {
  const { folder, name } = frozenName(from);
  return join(await nativeRoot(), folder, name, "place");
}

/** The parts of a frozen directory's reference; a record is a file that anything could have written. */
export function frozenName(from: Frozen): { folder: "bases" | "snapshots"; name: string } {
  const [folder, name = "", ...rest] = from.reference.split("/");
  if ((folder === "bases" || folder === "snapshots") && NAME.test(name) && rest.length === 0) return { folder, name };
  throw new DittoError(`Cannot use "${from.reference}": it is not the directory of a base`, { code: "UNSAFE_PATH" });
}

/** Clones a frozen directory and starts a server on it. Leaves nothing behind when it fails. */
export async function serve(request: ServeRequest): Promise<Served> {
  if (request.joins.length > 0) {
    throw usageError(
      "Cannot join a network: a server on this host is in no container",
      "Use --runtime docker, or leave --network out",
    );
  }
  if (!request.beforeStart) await requireFreePort(request.bind, request.port);
  await requireServer(request.from);
  const owner = parseOwner(request.from.owner);
  const root = await nativeRoot();
  const undo = async () => {
    await removeFolder(root, "copies", request.id);
    await removeFolder(root, "tmp", request.id);
  };
  return makeOrUndo(async () => {
    const { run, clone } = await prepare(request, owner);
    if (request.beforeStart) {
      await request.beforeStart();
      await requireFreePort(request.bind, request.port);
    }
    await launch(request, owner, run);
    return { method: clone.method };
  }, undo);
}

/** Starts the server of a copy again. Throws `COPY_LOST` when its directory is gone. */
export async function restart(request: ServeRequest): Promise<void> {
  const folder = await copyFolder(request.id);
  if (!(await stat(join(folder, "place")).catch(() => undefined))) {
    throw new DittoError(`Cannot start the copy "${request.id}": its directory "${folder}" is gone`, {
      code: "COPY_LOST",
      hint: 'Somebody removed it: "bun scripts/copy.ts reset" makes it again from its base, on the same URL',
    });
  }
  if (await serverProcess(folder)) return;
  await requireFreePort(request.bind, request.port);
  const owner = parseOwner(request.from.owner);
  // Where paths are too long for a socket it lies elsewhere, which a reboot may have emptied.
  const elsewhere = (await readMarker(folder))?.run;
  const run = elsewhere ? (await openRunDirectory(folder, folder, owner)).run : join(folder, "run");
  await launch(request, owner, run);
}

/** Asks the server to end and waits until it has. */
export async function stopServer(id: string): Promise<void> {
  const folder = await copyFolder(id);
  for (let signalled = false; ; ) {
    const server = await serverProcess(folder);
    if (!server) return;
    if (!signalled) process.kill(server.pid, "SIGTERM");
    signalled = true;
    await Bun.sleep(10);
  }
}

/** What another server's run left in a place that was frozen under it. */
const REMAINS = ["running", "start.sql", "data/postmaster.pid"];

/** Makes the copy's folder under `tmp`, where no server's user gets in, and renames it when it is complete. */
async function prepare(request: ServeRequest, owner: Owner) {
  const { folder, root } = await openTemporary(request.id, {
    kind: "copy",
    id: request.id,
    expiresAt: request.expiresAt,
  });
  const place = join(folder, "place");
  const wish = request.from.method === "copy" ? "copy" : "auto";
  const clone = await cloneDirectory(await frozenPlace(request.from), place, wish);
  if (request.from.live) await Promise.all(REMAINS.map((name) => rm(join(place, name), { force: true })));
  for (const [name, content] of Object.entries(request.files)) {
    const file = join(place, name);
    await writeFile(file, content, { mode: 0o600, flag: "wx" });
    await chown(file, owner.uid, owner.gid);
  }
  const home = join(root, "copies", request.id);
  const { run, elsewhere } = await openRunDirectory(folder, home, owner);
  const marker = await readMarker(folder);
  if (elsewhere && marker) await writeMarker(folder, { ...marker, run: elsewhere });
  await chmod(folder, 0o711);
  await rename(folder, home);
  return { run, clone };
}

async function launch(request: ServeRequest, owner: Owner, run: string): Promise<void> {
  const folder = await copyFolder(request.id);
  const directory = join(folder, "place");
  const script = request.script({ directory, run }, { port: request.port, listen: request.bind });
  const [boot = ""] = (await ownerTag()).split("/");
  const argv = [
    "/bin/sh",
    "-c",
    LAUNCH,
    "ditto",
    pidFile(folder),
    boot,
    ...(await runAs(owner)),
    "/bin/sh",
    "-c",
    script,
  ];
  const started = await startDetached(argv, {
    env: cleanEnvironment(binOf(request.from), directory),
    bare: true,
    cwd: directory,
    logFile: logFile(folder),
  });
  let ended = false;
  started.exited.then(() => {
    ended = true;
  });
  while (!ended && (await serverProcess(folder)) === undefined) await Bun.sleep(1);
}

/** Where the server's own log stands; opened by ditto, so that its user can only append. */
function logFile(folder: string): string {
  return join(folder, "server.log");
}

/** The server's own log; empty when there is none. */
export async function readLog(id: string): Promise<string> {
  return readFile(logFile(await copyFolder(id)), "utf8").catch(() => "");
}

async function requireServer(from: Frozen): Promise<void> {
  const path = await frozenPlace(from);
  const [bin = ""] = binOf(from);
  if (!(await stat(path).catch(() => undefined))) {
    throw new DittoError(`Cannot start the copy: the base's directory "${path}" is gone`, {
      code: "BASE_GONE",
      hint: 'Make a new base: "bun scripts/reseed.ts"',
    });
  }
  if (!(await stat(bin).catch(() => undefined))) {
    throw new DittoError(`Cannot start the copy: the server that made its base is no longer in "${bin}"`, {
      code: "SERVER_MISSING",
      hint: 'Install it again, or make a new base: "bun scripts/reseed.ts"',
    });
  }
}

/** Throws `PORT_IN_USE` when nobody can listen there; the server itself would say so only in its log. */
async function requireFreePort(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new DittoError(`Cannot start the copy: port ${port} is in use`, {
        code: "PORT_IN_USE",
        hint: "Choose another --port, or leave it out",
      });
    }
    throw new DittoError(`Cannot start the copy: no server can listen on ${host}:${port} (${code})`, {
      code: "BIND_FAILED",
      hint: "Check copy.bind and copy.ports",
      cause: error,
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
