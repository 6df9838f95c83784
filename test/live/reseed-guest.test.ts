import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { attempt, must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import {
  contentsOf,
  loadFixture,
  missingPostgres,
  postgresImage,
  query,
  sharedSource,
  urlTo,
} from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

const missing = missingPostgres("15", "17");
const { postgresBin } = readProvisioned().native;
/** Everything that a URL, a shell or an option file may trip over. */
const PASSWORD = `s3cr3t p@ss/w:rd%20&'"$x\\`;

describe.skipIf(missing !== undefined)(`A guest of the source${missing ? ` (${missing})` : ""}`, () => {
  let source: Source;
  let project: Project;
  let url: string;
  const image = postgresImage("17");

  beforeAll(async () => {
    source = await sharedSource("17");
    await loadFixture(source, "selection", "guest");
    await source.sql(
      `CREATE ROLE guest LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}';
       GRANT USAGE ON SCHEMA public, "Old Stuff" TO guest; GRANT SELECT ON ALL TABLES IN SCHEMA public, "Old Stuff" TO guest;
       GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO guest;
       ALTER ROLE guest SET default_transaction_read_only = on; ALTER ROLE guest SET datestyle = 'SQL, DMY';
       ALTER ROLE guest SET extra_float_digits = 0; ALTER ROLE guest SET transaction_timeout = '1s'; ALTER ROLE guest SET idle_session_timeout = '500ms';
       ALTER ROLE guest SET statement_timeout = '900ms'; ALTER ROLE guest SET search_path = '"Old Stuff"'; ALTER ROLE guest SET TimeZone = 'Asia/Tokyo'`,
      "guest",
    );
    url = urlTo(source, "guest", { user: "guest", password: PASSWORD });
    project = await makeProject({ source: { url }, copy: { image } });
  });
  afterAll(() => project?.remove());

  const copyUrl = async (from = project) =>
    (await from.json<{ connection_string: string }>("copy", ["create"])).connection_string;

  test("a user with SELECT alone, whatever its role sets, is enough; nothing is written, and its password is seen nowhere", async () => {
    const written = `SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::int AS n FROM pg_stat_user_tables`;
    const before = await query(urlTo(source, "guest"), written);
    const run = project.start("reseed", ["--verbose"]);
    const seen = await watched(run.done, project);
    const { status, stdout, stderr } = await run.done;
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(await query(urlTo(source, "guest"), written)).toEqual(before);
    expect(await contentsOf(await copyUrl())).toEqual(await contentsOf(urlTo(source, "guest")));
    // The watch saw what it should have: the tools' arguments and their containers.
    expect(seen).toContain("pg_dump");
    expect(seen).toContain(`"ditto.kind": "tool"`);
    const files = project.files().map((name) => join(project.home, name));
    const state = files
      .filter((file) => statSync(file).isFile() && !file.endsWith(".dump"))
      .map((file) => readFileSync(file, "utf8"));
    const everything = [seen, stdout, stderr, ...state].join("\n");
    for (const form of [PASSWORD, encodeURIComponent(PASSWORD), "s3cr3t", Buffer.from(PASSWORD).toString("base64")]) {
      expect(everything).not.toContain(form);
    }
  });

  test("a source in another container is found by the container's name", async () => {
    project.configure({
      source: { url: url.replace(/@[^/]+/, `@${source.containerName}:5432`), env: {} },
      copy: { image },
    });
    expect(await project.json("reseed")).toMatchObject({ database: "guest", rows: 109 });
  });

  test("a source on localhost, with its password in a file", async () => {
    const password_secret = `file:${project.write("secret", `${PASSWORD}\n`)}`;
    const { port } = source;
    project.configure({
      source: { engine: "postgres", host: "localhost", port, database: "guest", user: "guest", password_secret },
      copy: { image },
    });
    expect(await project.json("reseed", ["--schema-only"])).toMatchObject({ database: "guest", rows: 0 });
  });

  test("a source with TLS: its certificate is checked as driver and tools are told", async () => {
    const { ca, foreign } = await encrypt(source, project);
    const as = (mode: string, file: string) =>
      project.configure({ source: { url, tls: { mode, ca: file } }, copy: { image } });
    as("verify-full", foreign);
    const refused = await project.run("reseed", ["--json"]);
    expect([refused.status, JSON.parse(refused.stdout).error.code]).toEqual([1, "TLS_UNTRUSTED"]);
    as("verify-full", "none.pem");
    expect((await project.run("reseed")).status).toBe(2);
    as("verify-full", ca);
    const used = project.start("reseed", ["--schema-only"]);
    const seen = new Set<boolean>();
    const look =
      "SELECT DISTINCT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'ditto' AND a.usename = 'guest'";
    const ended = used.done.then(() => true);
    while (!(await Promise.race([ended, Bun.sleep(50)]))) {
      for (const { ssl } of await query<{ ssl: boolean }>(urlTo(source, "guest"), look)) seen.add(ssl);
    }
    expect(await used.done).toMatchObject({ status: 0 });
    expect([...seen]).toEqual([true]);
  });
});

/** All that others can see while a reseed runs: arguments of every process, and what `docker inspect` says of its containers. */
async function watched(done: Promise<unknown>, project: Project): Promise<string> {
  const seen = new Set<string>();
  const ended = done.then(() => true);
  while (!(await Promise.race([ended, Bun.sleep(30)]))) {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        // It has ended meanwhile.
      }
    }
    const containers = (await project.traces()).flatMap((trace) =>
      trace.startsWith("container ") ? [trace.slice(10)] : [],
    );
    if (containers.length > 0) seen.add((await attempt(["docker", "inspect", ...containers])).stdout);
  }
  return [...seen].join("\n");
}

/** Gives the source a certificate for 127.0.0.1 and turns TLS on; `foreign` is an authority that did not sign it. */
async function encrypt(source: Source, project: Project): Promise<{ ca: string; foreign: string }> {
  const folder = mkdtempSync(join(project.folder, "tls-"));
  const openssl = (...args: string[]) => must(["openssl", ...args]);
  const path = (name: string) => join(folder, name);
  for (const name of ["ca", "foreign"]) {
    await openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      path(`${name}.key`),
      "-out",
      path(`${name}.pem`),
    );
  }
  const names = project.write("names.cnf", "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  await openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=server",
    "-keyout",
    path("server.key"),
    "-out",
    path("server.csr"),
  );
  await openssl(
    "x509",
    "-req",
    "-in",
    path("server.csr"),
    "-CA",
    path("ca.pem"),
    "-CAkey",
    path("ca.key"),
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    names,
    "-out",
    path("server.crt"),
  );
  const put = async (name: string) => {
    const script = `cat > "$PGDATA/${name}"; chown postgres "$PGDATA/${name}"; chmod 600 "$PGDATA/${name}"`;
    await must(["docker", "exec", "-i", "-u", "root", source.containerName, "sh", "-c", script], {
      input: readFileSync(path(name), "utf8"),
    });
  };
  await put("server.key");
  await put("server.crt");
  await source.sql("ALTER SYSTEM SET ssl = on", "postgres");
  await source.sql("SELECT pg_reload_conf()", "postgres");
  return { ca: path("ca.pem"), foreign: path("foreign.pem") };
}

const absent =
  missing ??
  (postgresBin === null || process.getuid?.() !== 0 ? "skipped: no native Postgres, or not root" : undefined);

describe.skipIf(absent !== undefined)(`A standby on a Unix socket${absent ? ` (${absent})` : ""}`, () => {
  let folder: string;
  let project: Project | undefined;
  const version = (/\/(\d+)\//.exec(postgresBin ?? "")?.[1] ?? "15") as string;
  const as = (script: string) =>
    must(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "sh", "-ec", script], {
      env: { PATH: `${postgresBin}:${process.env.PATH}` },
    });

  beforeAll(async () => {
    folder = mkdtempSync("/tmp/ditto-pg-");
    chmodSync(folder, 0o777);
    const options = (port: number) =>
      `-c listen_addresses= -c unix_socket_directories=${folder} -c port=${port} -c fsync=off -c hot_standby=on -c max_standby_streaming_delay=200ms`;
    await as(`cd ${folder}; initdb -D main -U postgres --auth=trust -E UTF8 --locale=C >/dev/null
      pg_ctl -D main -w -o "${options(6001)}" -l main.log start >/dev/null
      psql -q -h ${folder} -p 6001 -U postgres -c "CREATE DATABASE app"
      psql -q -h ${folder} -p 6001 -U postgres -d app -c "CREATE ROLE reader LOGIN IN ROLE pg_read_all_data; CREATE TABLE t (id serial, x text); INSERT INTO t (x) VALUES ('a'), ('b'); CREATE UNLOGGED TABLE u (id serial); INSERT INTO u DEFAULT VALUES"
      pg_basebackup -h ${folder} -p 6001 -U postgres -D standby -R -c fast
      pg_ctl -D standby -w -o "${options(6002)}" -l standby.log start >/dev/null`);
  });
  afterAll(async () => {
    for (const data of ["standby", "main"])
      await as(`pg_ctl -D ${folder}/${data} -m immediate stop >/dev/null || :`).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
    await project?.remove();
  });

  test("it can be read, without the tables that only its primary has, which are named", async () => {
    project = await makeProject({
      source: { url: `postgres://reader@/app?host=${encodeURIComponent(folder)}&port=6002` },
      copy: { image: postgresImage(version) },
    });
    const { stderr } = await project.must("reseed");
    expect(stderr).toContain("Unlogged tables are empty in the base, because a replica has no rows of them: u");
    const { connection_string } = await project.json<{ connection_string: string }>("copy", ["create"]);
    expect(
      await query(connection_string, "SELECT x, (SELECT count(*)::int FROM u) AS unlogged FROM t ORDER BY 1"),
    ).toEqual([
      { x: "a", unlogged: 0 },
      { x: "b", unlogged: 0 },
    ]);
  });

  test("a dump that it ends for the sake of its primary's changes: the reason, and what helps", async () => {
    project?.configure({
      source: { url: `postgres://reader@/app?host=${encodeURIComponent(folder)}&port=6002` },
      copy: { image: postgresImage(version) },
      dump: { rows: { t: "pg_catalog.pg_sleep(10) IS NOT NULL" } },
    });
    const running = (project as Project).start("reseed", ["--json", "--verbose"]);
    await until(() => /Copy rows of public\.t/.test(running.stderr()), 60_000);
    await as(`psql -q -h ${folder} -p 6001 -U postgres -d app -c "DELETE FROM t" -c "VACUUM t"`);
    const { status, stdout } = await running.done;
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "RECOVERY_CONFLICT",
      hint: expect.stringMatching(/hot_standby_feedback.*max_standby_streaming_delay.*primary/),
    });
  });
});
