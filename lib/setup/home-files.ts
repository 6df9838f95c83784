import { readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keyTime } from "../bases/store.ts";
import { homeFolder } from "../kit/state.ts";

/** What lies in a state folder, by paths in it. */
export interface HomeFiles {
  own: string[];
  /** What ditto did not put there, folders as a whole; it stays. */
  foreign: string[];
}

/** How deep the files of ditto's folders lie. */
const DEPTHS: Record<string, number> = {
  ...{ bases: 1, copies: 1, current: 1, events: 1, locks: 1, patches: 1, projects: 1, secrets: 1, tmp: 1, work: 1 },
  ...{ snapshots: 2, dumps: 4, native: 2 },
};

const ID = "[0-9a-z]{26}";
const NAME = "[a-z0-9][a-z0-9_-]{0,40}";
/** What only a killed writer leaves behind its file's name. */
const HALF = /(\.\d+\.[0-9a-f]{8}\.tmp|\.\d+\.partial)$/;

const isEmptyFile = async (path: string) => (await stat(path)).size === 0;
const isPrivate = async (path: string) => ((await stat(path)).mode & 0o077) === 0;
const always = async () => true;

/** By their names, and where others may have given the same name, by what is in them. */
const OWN: [RegExp, (path: string) => Promise<boolean>][] = [
  [/^identity\.json$/, holds("id", "secret")],
  [/^mask\.key(\.\d+)?$/, always],
  [/^swept$/, isEmptyFile],
  [/^sweep\.log$/, always],
  [new RegExp(`^((bases|copies|work)/${ID}|snapshots/${ID}/${NAME})\\.json$`), always],
  [new RegExp(`^events/${ID}\\.jsonl$`), always],
  [/^patches\/[0-9a-f]{24}\.json$/, always],
  [new RegExp(`^tmp/${ID}\\.expires$`), always],
  [/^locks\/[\w.-]+\.lock$/, isEmptyFile],
  [/^projects\/[\w-]+\.json$/, holds("version", "folder")],
  [/^current\/[\w-]+\.[\w-]+\.json$/, holds("version", "baseId")],
  [new RegExp(`^secrets/${NAME}(\\.${NAME})?\\.password$`), isPrivate],
];

/** Tells apart what ditto has put into the state folder and what was there, or came there, otherwise. Reads only. */
export async function readHomeFiles(): Promise<HomeFiles> {
  const files: HomeFiles = { own: [], foreign: [] };
  await look("", files);
  if (!files.own.includes("identity.json")) return files;
  // A folder that holds other things is somebody's own, and so is the configuration in it.
  const configured = files.foreign.indexOf("ditto.yaml");
  if (configured >= 0 && files.foreign.length === 1) files.own.push(...files.foreign.splice(configured, 1));
  return files;
}

async function look(below: string, files: HomeFiles): Promise<void> {
  const entries = await readdir(join(homeFolder(), below), { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    // One of ditto's own folders may have been moved to another disk.
    const linked = below === "" && entry.isSymbolicLink() && (await isFolder(path));
    if (entry.isDirectory() || linked) {
      const [top = "", ...more] = path.split("/");
      if (more.length < (DEPTHS[top] ?? 0)) await look(path, files);
      else if (!(await isNative(path))) files.foreign.push(path);
    } else if (entry.isFile() && (await isOwn(path))) files.own.push(path);
    else files.foreign.push(path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(join(homeFolder(), path)).catch(() => undefined))?.isDirectory() ?? false;
}

/** What runs on this host is listed and removed by marks of its own; root keeps it elsewhere. */
async function isNative(path: string): Promise<boolean> {
  const [, folder] = /^native\/(bases|copies|snapshots|tmp|embedded)\/[^/]+$/.exec(path) ?? [];
  if (folder === undefined || process.getuid?.() === 0) return false;
  return ["tmp", "embedded"].includes(folder) || Bun.file(join(homeFolder(), path, "marker.json")).exists();
}

async function isOwn(path: string): Promise<boolean> {
  const whole = path.replace(HALF, "");
  const half = whole !== path;
  if (/^work\/[^/]+$/.test(path) && path.endsWith(".partial")) return half;
  if (whole.startsWith("dumps/")) return keyTime(whole.slice("dumps/".length).replace(/\.json$/, "")) !== undefined;
  const rule = OWN.find(([pattern]) => pattern.test(whole));
  if (rule === undefined) return false;
  return half || rule[1](join(homeFolder(), path)).catch(() => false);
}

/** Whether a file is JSON with these keys. */
function holds(...keys: string[]): (path: string) => Promise<boolean> {
  return async (path) => {
    const data: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof data === "object" && data !== null && keys.every((key) => key in data);
  };
}

/** Removes these files, and the folders that are empty without them; the identity last, which tells what else is ditto's. */
export async function removeHomeFiles({ own }: HomeFiles): Promise<void> {
  const folder = homeFolder();
  const ordered = [
    ...own.filter((path) => path !== "identity.json"),
    ...own.filter((path) => path === "identity.json"),
  ];
  for (const path of ordered) await rm(join(folder, path), { force: true });
  const folders = new Set(own.flatMap((path) => foldersAbove(path)));
  // Some of them may be empty from the start.
  if (own.includes("identity.json")) for (const name of Object.keys(DEPTHS)) folders.add(name);
  for (const path of [...folders].sort().reverse()) await rmdir(join(folder, path)).catch(() => {});
  if (own.length > 0) await rmdir(folder).catch(() => {});
}

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === "." ? [] : [above, ...foldersAbove(above)];
}
