import { lstat, readdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import { run, which } from "../../kit/exec.ts";

/** What is wanted: a flavour and a version such as `17` or `11.8.3`. */
export interface Wanted {
  flavour: string;
  version: string;
}

/** Folders of binaries that fit, first to be searched first, and the version they say. */
export interface Found {
  bin: string[];
  version: string;
  /** False for a server that comes without dump, restore and SQL client: SQL is then loaded through the driver. */
  hasClientTools: boolean;
}

/** What was looked at and why it doesn't do, a sentence each. */
export interface Rejected {
  rejected: string[];
}

interface Kit {
  label: string;
  server: string[];
  /** What dumps; the other clients lie beside it. */
  client: string[];
  /** What makes them tell their version; a setting in the user's own files must not get in the way. */
  ask: string[];
  /** Numbers of a version that make a series: servers of one series read each other's files. */
  series: 1 | 2;
  /** Where installations lie that are not on PATH; `*` stands for one part of a name. */
  places: string[];
  /** What to install, with the wanted series in place of `%`. */
  packages: { server: string; client: string };
}

const BREW = ["/opt/homebrew/opt", "/usr/local/opt"];
/** Where only Homebrew and Postgres.app install. */
const MAC = /^\/(opt\/homebrew|usr\/local\/opt|Applications)\//;
const SYSTEM = ["/usr/sbin", "/usr/bin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin"];

const KITS: Record<string, Kit> = {
  postgres: {
    label: "PostgreSQL",
    server: ["postgres"],
    client: ["pg_dump"],
    ask: ["--version"],
    series: 1,
    places: [
      ...["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*", "/usr/local/pgsql*/bin"],
      ...BREW.flatMap((opt) => [`${opt}/postgresql@*/bin`, `${opt}/libpq/bin`]),
      ...["/Applications/Postgres.app/Contents/Versions/*/bin", ...SYSTEM],
    ],
    packages: { server: "postgresql-%", client: "postgresql-client-%" },
  },
  mysql: {
    label: "MySQL",
    server: ["mysqld"],
    client: ["mysqldump"],
    ask: ["--no-defaults", "--version"],
    series: 2,
    places: [...SYSTEM, "/usr/local/mysql*/bin", ...BREW.map((opt) => `${opt}/mysql*/bin`)],
    packages: { server: "mysql-server", client: "mysql-client" },
  },
  mariadb: {
    label: "MariaDB",
    server: ["mariadbd", "mysqld"],
    client: ["mariadb-dump", "mysqldump"],
    ask: ["--no-defaults", "--version"],
    series: 2,
    places: [...SYSTEM, "/usr/local/mariadb*/bin", ...BREW.map((opt) => `${opt}/mariadb*/bin`)],
    packages: { server: "mariadb-server", client: "mariadb-client" },
  },
};

/**
 * The installed server for data of this version: Postgres of the same major, MySQL and MariaDB of the same series, or
 * the next newer one where that is all there is. With it the folder of its client tools.
 */
export async function findServer(wanted: Wanted): Promise<Found | Rejected> {
  const kit = kitOf(wanted);
  const searched = await search(wanted, "server");
  const [best] = searched.fitting;
  if (!best) return { rejected: searched.rejected };
  const client = await findClient({ flavour: wanted.flavour, version: best.version }, dirname(best.file));
  const bin = [dirname(best.file), ...("bin" in client ? client.bin : []), ...(await siblings(best.file, kit))];
  return { bin: [...new Set(bin)], version: best.version, hasClientTools: "bin" in client };
}

/** Every installed server as a person calls it, `PostgreSQL 17.6`; each release once. */
export async function installedServers(): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(KITS).map(async ([flavour, kit]) => {
      const files = await filesNamed(kit.server, kit.places);
      const answers = await Promise.all(files.map((file) => ask([file, ...kit.ask])));
      return answers.flatMap((answer) =>
        typeof answer !== "string" && answer.flavour === flavour ? [`${kit.label} ${answer.version}`] : [],
      );
    }),
  );
  return [...new Set(found.flat())];
}

/** The installed client tools for a server of this version: of its series, or the next newer; an older one is refused. */
export async function findClient(wanted: Wanted, preferred?: string): Promise<Found | Rejected> {
  const { fitting, rejected } = await search(wanted, "client");
  const [first] = fitting;
  if (!first) return { rejected };
  // Of equals the one beside the server.
  const beside = fitting.find((one) => dirname(one.file) === preferred && compare(one.version, first.version, 1) === 0);
  const best = beside ?? first;
  return { bin: [dirname(best.file)], version: best.version, hasClientTools: true };
}

/** The error for what isn't installed: names what was found, why it doesn't do, and the package. */
export function notInstalled(wanted: Wanted, part: "server" | "client", rejected: string[], more?: string): DittoError {
  const kit = kitOf(wanted);
  const series = seriesOf(wanted.version, kit.series).join(".");
  const name = kit.packages[part].replace("%", series);
  const what = part === "server" ? "a server" : "the client tools";
  const elsewhere =
    wanted.flavour === "postgres" ? "; where it has another version, apt.postgresql.org has this one" : "";
  return new DittoError(`Cannot run ${what} of ${kit.label} ${series} on this host: ${rejected.join("; ")}`, {
    code: part === "server" ? "SERVER_MISSING" : "CLIENT_MISSING",
    hint: `Install it (Debian's package is "${name}"${elsewhere}), or use --runtime docker${more === undefined ? "" : `; ${more}`}`,
  });
}

/** The first numbers of a version: `[17]` of `17.6`, `[11, 8]` of `11.8.3`. */
export function seriesOf(version: string, count: number): number[] {
  return version
    .split(".")
    .slice(0, count)
    .map((part) => Number.parseInt(part, 10) || 0);
}

interface Candidate {
  file: string;
  version: string;
}

async function search(
  wanted: Wanted,
  part: "server" | "client",
): Promise<{ fitting: Candidate[]; rejected: string[] }> {
  const kit = kitOf(wanted);
  const files = await filesNamed(kit[part], kit.places);
  if (files.length === 0) {
    const isMac = process.platform === "darwin";
    const own = kit.places.filter((place) => !SYSTEM.includes(place) && (isMac || !MAC.test(place)));
    return { fitting: [], rejected: [`no "${kit[part].join('" or "')}" on PATH, in ${own.join(", ")}`] };
  }
  const asked = await Promise.all(files.map(async (file) => ({ file, answer: await ask([file, ...kit.ask]) })));
  const fitting: Candidate[] = [];
  const rejected: string[] = [];
  for (const { file, answer } of asked) {
    const reason = typeof answer === "string" ? answer : misfit(kit, wanted, part, answer);
    if (reason) rejected.push(`"${file}" ${reason}`);
    else if (typeof answer !== "string") fitting.push({ file, version: answer.version });
  }
  // The wanted series first, then the next; sort is stable, so that among equals PATH decides.
  fitting.sort((a, b) => compare(a.version, b.version, kit.series));
  return { fitting, rejected };
}

/** Why a binary of this version doesn't do; undefined when it does. */
function misfit(kit: Kit, wanted: Wanted, part: "server" | "client", answer: Wanted): string | undefined {
  if (answer.flavour !== wanted.flavour) return `is ${kitOf(answer).label} ${answer.version}`;
  const difference = compare(answer.version, wanted.version, kit.series);
  if (difference < 0) return `is ${answer.version}, older than ${wanted.version}`;
  if (part === "server" && kit.series === 1 && difference > 0)
    return `is ${answer.version}, another major than ${wanted.version}`;
  return undefined;
}

function compare(a: string, b: string, count: number): number {
  const [left, right] = [seriesOf(a, count), seriesOf(b, count)];
  for (let i = 0; i < count; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Asks a binary what it is; a text says why it can't be asked. */
async function ask(argv: string[]): Promise<Wanted | string> {
  try {
    const { status, stdout, stderr } = await run(argv, { check: false, timeoutMs: 10_000, cwd: "/" });
    if (status !== 0) return `does not run: ${stderr.trim().split("\n")[0] || `exit status ${status}`}`;
    return parseVersion(stdout) ?? `says no version: ${stdout.trim().split("\n")[0]}`;
  } catch {
    return "does not run";
  }
}

/** What a binary's `--version` says: `postgres (PostgreSQL) 17.6`, `mysqld  Ver 9.7.0 for Linux …`, `… Distrib 10.11.6-MariaDB …`. */
export function parseVersion(text: string): Wanted | undefined {
  const postgres = /\(PostgreSQL\) (\d+(?:\.\d+)*)/.exec(text)?.[1];
  if (postgres) return { flavour: "postgres", version: postgres };
  const mariadb = /(\d+\.\d+\.\d+)-MariaDB/i.exec(text)?.[1];
  if (mariadb) return { flavour: "mariadb", version: mariadb };
  const mysql = /(?:Distrib|Ver) (\d+\.\d+\.\d+)/.exec(text)?.[1];
  return mysql ? { flavour: "mysql", version: mysql } : undefined;
}

async function filesNamed(names: string[], places: string[]): Promise<string[]> {
  const expanded = (await Promise.all(places.map(expand))).flat();
  const folders = [...(process.env.PATH ?? "").split(":").filter(Boolean), ...expanded];
  const files = new Map<string, { file: string; isLink: boolean }>();
  for (const folder of folders) {
    // One name is enough: the others are links to it or other flavours' tools.
    const file = names.map((name) => which(name, folder)).find((path) => path !== undefined);
    const real = file && (await realpath(file).catch(() => undefined));
    // Debian's wrapper picks a version by itself, from what stands in the usual places.
    if (!file || !real || real.endsWith("/pg_wrapper")) continue;
    // Behind a link the other tools needn't lie; a folder reached by its own name survives an upgrade.
    const isLink = (await lstat(file)).isSymbolicLink();
    if (files.get(real)?.isLink ?? true) files.set(real, { file: isLink ? real : file, isLink });
  }
  return [...files.values()].map(({ file }) => file);
}

/** The folders that a pattern with at most one `*` stands for, the highest version first. */
async function expand(pattern: string): Promise<string[]> {
  if (!pattern.includes("*")) return [pattern];
  const parts = pattern.split("/");
  const at = parts.findIndex((part) => part.includes("*"));
  const [prefix = "", suffix = ""] = (parts[at] ?? "").split("*");
  const parent = parts.slice(0, at).join("/");
  const names: string[] = await readdir(parent).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((name) => [parent, name, ...parts.slice(at + 1)].join("/"));
}

/** `mariadb-install-db` lies in another folder than the server: beside `sbin` in `bin`, in an archive in `scripts`. */
async function siblings(file: string, kit: Kit): Promise<string[]> {
  if (kit.series === 1) return [];
  const parent = dirname(dirname(file));
  const names: string[] = await readdir(parent).catch(() => []);
  return ["bin", "scripts"].filter((name) => names.includes(name)).map((name) => join(parent, name));
}

function kitOf(wanted: Wanted): Kit {
  const kit = KITS[wanted.flavour];
  if (!kit)
    throw new DittoError(`Cannot run "${wanted.flavour}" on this host: there is no such kind of server`, {
      code: "SERVER_MISSING",
    });
  return kit;
}
