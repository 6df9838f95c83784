import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { memoryHome, memoryHomes, openMemory } from "../../kit/memory.ts";
import { requireOurs } from "../../kit/own-folder.ts";
import { ownerTag } from "../../kit/owner.ts";
import { homeId, homePath, RECORD_VERSION } from "../../kit/state.ts";
import type { Thing, ThingKind } from "../index.ts";
import { isRoot, type Owner } from "./privileges.ts";

/**
 * Where native things lie when ditto is root. A server that dropped its privileges can't enter a home of mode 0700, so
 * they can't lie in the state folder.
 */
const SYSTEM_ROOT = "/var/lib/ditto";

/** Below a native root; a folder each for every thing. */
export const FOLDERS = ["bases", "copies", "snapshots", "tmp"] as const;

export type Folder = (typeof FOLDERS)[number];

/** Whose a folder is and who is making it; lies beside the server's `place`, where its user can't reach it. */
export interface Marker {
  kind: ThingKind;
  id: string;
  home: string;
  owner: string;
  createdAt: string;
  expiresAt: string | null;
  /** The directory of its sockets when that lies elsewhere. */
  run: string | null;
}

/** The native root of this state folder: everything of the native runtime lies below it. */
export async function nativeRoot(): Promise<string> {
  return isRoot() ? join(SYSTEM_ROOT, await homeId()) : homePath("native");
}

/** Makes the root's folders. Throws when somebody else could change what lies there. */
export async function openRoot(): Promise<string> {
  const root = await nativeRoot();
  // Others must get through to what is theirs, and see nothing on the way.
  const mode = isRoot() ? 0o711 : 0o700;
  for (const folder of [...(isRoot() ? [SYSTEM_ROOT] : []), root, ...FOLDERS.map((name) => join(root, name))]) {
    await mkdir(folder, { recursive: true, mode });
    await requireOurs(folder);
    await chmod(folder, mode);
  }
  return root;
}

/** Every native root that this process can read, on disk and in memory: root's state folders, or the one of this user. */
export async function knownRoots(): Promise<string[]> {
  if (!isRoot()) return [await nativeRoot(), await memoryHome()];
  const parents = [SYSTEM_ROOT, memoryHomes()];
  const roots = parents.map(async (parent) => {
    const names = await readdir(parent).catch(() => []);
    return names.map((name) => join(parent, name));
  });
  return (await Promise.all(roots)).flat();
}

/** Makes the root in memory, for what must not reach a disk; it has a folder `tmp` only. */
export async function openMemoryRoot(): Promise<string> {
  return dirname(await openMemory("tmp"));
}

/** Makes `tmp/<name>` with a marker: whatever becomes of this process, the next one knows whose it is. */
export async function openTemporary(
  name: string,
  marker: Pick<Marker, "kind" | "id" | "expiresAt">,
  open: () => Promise<string> = openRoot,
): Promise<{ folder: string; root: string }> {
  const root = await open();
  const folder = join(root, "tmp", name);
  await mkdir(folder, { mode: 0o700 });
  await writeMarker(folder, {
    ...marker,
    home: await homeId(),
    owner: await ownerTag(),
    createdAt: new Date().toISOString(),
    run: null,
  });
  return { folder, root };
}

/** Writes the marker by way of a temporary name. Not synced: a thing counts by its record, which comes later. */
export async function writeMarker(folder: string, marker: Marker): Promise<void> {
  const temporary = join(folder, `marker.${process.pid}.tmp`);
  await rm(temporary, { force: true });
  await writeFile(temporary, `${JSON.stringify({ version: RECORD_VERSION, ...marker })}\n`, {
    mode: 0o600,
    flag: "wx",
  });
  await rename(temporary, join(folder, "marker.json"));
}

/** The marker of a folder; undefined when it has none that can be read. */
export async function readMarker(folder: string): Promise<Marker | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, "marker.json"), "utf8")) as Marker;
  } catch {
    return undefined;
  }
}

/** The thing in a folder, as its marker says. */
export async function thingIn(root: string, folder: Folder, name: string): Promise<Omit<Thing, "running">> {
  const reference = join(root, folder, name);
  const marker = await readMarker(reference);
  if (marker) {
    const { kind, id, home, owner, createdAt, expiresAt } = marker;
    return { kind, id, home, owner, createdAt, expiresAt, reference };
  }
  // Killed between making the folder and its marker, or about to write it. Elsewhere than in tmp it is a person's doing.
  const { mtimeMs } = await lstat(reference);
  const fresh = Date.now() - mtimeMs < 60_000;
  return {
    kind: "tool",
    id: name,
    home: folder === "tmp" ? await homeOf(root) : "",
    owner: fresh ? await ownerTag() : "",
    createdAt: new Date(mtimeMs).toISOString(),
    expiresAt: null,
    reference,
  };
}

function homeOf(root: string): Promise<string> {
  return isRoot() ? Promise.resolve(basename(root)) : homeId();
}

/** True for a directory that is there. */
export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/** Makes a directory that only `owner` can enter. */
export async function makeOwned(path: string, owner: Owner): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  await chown(path, owner.uid, owner.gid);
}
