import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findClient, findServer, parseVersion } from "../../../lib/runtime/native/binaries.ts";
import { embeddedServer } from "../../../lib/runtime/native/embedded.ts";

const { PATH, DITTO_OFFLINE } = process.env;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ditto-binaries-"));
});

afterEach(async () => {
  process.env.PATH = PATH;
  if (DITTO_OFFLINE === undefined) delete process.env.DITTO_OFFLINE;
  else process.env.DITTO_OFFLINE = DITTO_OFFLINE;
  await rm(folder, { recursive: true, force: true });
});

// Versions that nobody has: the servers of this machine are found too, and must not matter.
describe("Postgres", () => {
  test("a server of the wanted major is taken with the tools beside it", async () => {
    const bin = await stubs("a", { postgres: "postgres (PostgreSQL) 97.3 (Debian 97.3-1)", pg_dump: pgDump("97.3") });
    const other = await stubs("b", { pg_dump: pgDump("97.9") });
    search(other, bin);
    expect(await findServer(postgres("97.1"))).toEqual({ bin: [bin], version: "97.3", hasClientTools: true });
  });

  test("another major is rejected by name, newer or older", async () => {
    const newer = await stubs("newer", { postgres: "postgres (PostgreSQL) 97.3" });
    const older = await stubs("older", { postgres: "postgres (PostgreSQL) 95.2" });
    search(newer, older);
    const found = await findServer(postgres("96"));
    expect(found).toMatchObject({
      rejected: expect.arrayContaining([
        `"${newer}/postgres" is 97.3, another major than 96`,
        `"${older}/postgres" is 95.2, older than 96`,
      ]),
    });
  });

  test("one that doesn't run is rejected with its own words", async () => {
    const bin = await stubs("broken", {});
    await writeFile(join(bin, "postgres"), "#!/bin/sh\necho 'libssl.so.1.1: not found' >&2\nexit 127\n", {
      mode: 0o755,
    });
    search(bin);
    expect(await findServer(postgres("97"))).toMatchObject({
      rejected: expect.arrayContaining([`"${bin}/postgres" does not run: libssl.so.1.1: not found`]),
    });
  });

  test("a server without client tools says so", async () => {
    const bin = await stubs("bare", { postgres: "postgres (PostgreSQL) 97.3" });
    search(bin);
    expect(await findServer(postgres("97"))).toEqual({ bin: [bin], version: "97.3", hasClientTools: false });
  });

  test("a server behind a link is used where it really lies, with its tools", async () => {
    const real = await stubs("real", { postgres: "postgres (PostgreSQL) 97.3", pg_dump: pgDump("97.3") });
    const linked = await stubs("linked", {});
    await symlink(join(real, "postgres"), join(linked, "postgres"));
    search(linked);
    expect(await findServer(postgres("97"))).toMatchObject({ bin: [real], hasClientTools: false });
    search(linked, real);
    expect(await findServer(postgres("97"))).toEqual({ bin: [real], version: "97.3", hasClientTools: true });
  });

  test("clients: the server's own major first, then the next newer; an older one is refused", async () => {
    const [old, own, next, far] = [
      await stubs("old", { pg_dump: pgDump("95.1") }),
      await stubs("own", { pg_dump: pgDump("96.1") }),
      await stubs("next", { pg_dump: pgDump("97.1") }),
      await stubs("far", { pg_dump: pgDump("98.1") }),
    ];
    search(old, far, next, own);
    expect(await findClient(postgres("96.8"))).toMatchObject({ bin: [own], version: "96.1" });
    search(old, far, next);
    expect(await findClient(postgres("96.8"))).toMatchObject({ bin: [next], version: "97.1" });
    search(old);
    expect(await findClient(postgres("96.8"))).toMatchObject({
      rejected: expect.arrayContaining([`"${old}/pg_dump" is 95.1, older than 96.8`]),
    });
  });
});

describe("MySQL and MariaDB", () => {
  const mysqld = "mysqld  Ver 9.97.2 for Linux on x86_64 (MySQL Community Server - GPL)";
  const mariadbd = "mariadbd  Ver 98.4.2-MariaDB-deb12 for debian-linux-gnu on x86_64 (Debian 12)";

  test("the flavour decides, whatever the name", async () => {
    const bin = await stubs("a", { mysqld: mariadbd });
    search(bin);
    expect(await findServer({ flavour: "mariadb", version: "98.4" })).toMatchObject({ version: "98.4.2" });
    expect(await findServer({ flavour: "mysql", version: "9.97" })).toMatchObject({
      rejected: expect.arrayContaining([`"${bin}/mysqld" is MariaDB 98.4.2`]),
    });
  });

  test("the wanted series first, then the next newer; an older one is refused", async () => {
    const own = await stubs("own", { mysqld });
    const newer = await stubs("newer", { mysqld: mysqld.replace("9.97.2", "9.99.0") });
    search(newer, own);
    expect(await findServer({ flavour: "mysql", version: "9.97.0" })).toMatchObject({ bin: [own], version: "9.97.2" });
    expect(await findServer({ flavour: "mysql", version: "9.98" })).toMatchObject({ bin: [newer], version: "9.99.0" });
    expect(await findServer({ flavour: "mysql", version: "10.0" })).toMatchObject({
      rejected: expect.arrayContaining([`"${newer}/mysqld" is 9.99.0, older than 10.0`]),
    });
  });

  test("a server in sbin brings the tools in bin", async () => {
    const sbin = await stubs("usr/sbin", { mariadbd });
    const bin = await stubs("usr/bin", { "mariadb-dump": "mariadb-dump from 98.4.2-MariaDB, client 10.19 for Linux" });
    search(sbin, bin);
    expect(await findServer({ flavour: "mariadb", version: "98.4" })).toEqual({
      bin: [sbin, bin],
      version: "98.4.2",
      hasClientTools: true,
    });
  });
});

test.each([
  ["postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "postgres", "15.18"],
  ["pg_dump (PostgreSQL) 18beta1", "postgres", "18"],
  ["mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", "mysql", "8.0.36"],
  ["mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)", "mysql", "5.7.44"],
  ["mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", "mariadb", "10.11.6"],
  ["mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)", "mariadb", "10.11.6"],
  ["mariadb-dump from 11.8.3-MariaDB, client 10.19 for debian-linux-gnu (x86_64)", "mariadb", "11.8.3"],
])("%p is understood", (text, flavour, version) => {
  expect(parseVersion(text)).toEqual({ flavour, version });
});

describe("the embedded Postgres", () => {
  test("is not installed offline, and the error says what was found and what to install", async () => {
    process.env.DITTO_OFFLINE = "1";
    const home = process.env.DITTO_HOME;
    process.env.DITTO_HOME = folder;
    const attempt = embeddedServer("16.2", ['"/x/postgres" is 15.1, older than 16.2'], () => {});
    await expect(attempt).rejects.toMatchObject({
      code: "SERVER_MISSING",
      message: 'Cannot run a server of PostgreSQL 16 on this host: "/x/postgres" is 15.1, older than 16.2',
      hint: expect.stringMatching(/postgresql-16.*DITTO_OFFLINE/),
    });
    if (home === undefined) delete process.env.DITTO_HOME;
    else process.env.DITTO_HOME = home;
  });

  test("is not looked for in a version that doesn't exist", async () => {
    await expect(embeddedServer("11", [], () => {})).rejects.toMatchObject({ code: "SERVER_MISSING" });
  });
});

function postgres(version: string) {
  return { flavour: "postgres", version };
}

function pgDump(version: string): string {
  return `pg_dump (PostgreSQL) ${version}`;
}

/** A folder of tools that only tell their version. */
async function stubs(name: string, tools: Record<string, string>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  for (const [tool, version] of Object.entries(tools)) {
    await writeFile(join(path, tool), `#!/bin/sh\necho '${version}'\n`);
    await chmod(join(path, tool), 0o755);
  }
  return path;
}

function search(...folders: string[]): void {
  process.env.PATH = [...folders, "/usr/bin", "/bin"].join(":");
}
