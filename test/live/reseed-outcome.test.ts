import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { missingPostgres, postgresImage, query, sharedSource, urlTo } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

const missing = missingPostgres("17");

interface Base {
  id: string;
  dump_key: string;
  dump_sha256: string;
  tables: number;
  rows: number;
  version: string;
}

describe.skipIf(missing !== undefined)(`What a reseed leaves${missing ? ` (${missing})` : ""}`, () => {
  let url: string;
  let project: Project;
  const image = postgresImage("17");

  beforeAll(async () => {
    const source = await sharedSource("17");
    await source.sql("CREATE DATABASE outcome", "postgres");
    await source.sql(
      "CREATE TABLE a (id serial PRIMARY KEY, t text); INSERT INTO a (t) VALUES ('x'), ('y'); CREATE TABLE b (id int)",
      "outcome",
    );
    url = urlTo(source, "outcome");
    project = await makeProject();
  });
  afterAll(() => project?.remove());

  const configure = (config: object = {}) => project.configure({ source: { url }, copy: { image }, ...config });
  const dumps = () => project.files().filter((file) => file.endsWith(".dump"));
  const images = async () => (await project.traces()).filter((trace) => trace.startsWith("image "));

  test("a manifest says what the dump holds, by number and checksum, and the files that were asked for are there", async () => {
    configure({ dump: { schema_path: "out/schema.sql", path: "out/newest.dump" } });
    const base = await project.json<Base>("reseed", ["--jobs", "1"]);
    const file = join(project.home, "dumps", base.dump_key);
    const manifest = JSON.parse(readFileSync(`${file}.json`, "utf8"));
    expect(manifest).toMatchObject({
      ...{ version: 1, key: base.dump_key, project: "shop", source: "default", profile: "none" },
      ...{ engine: "postgres", flavour: "postgres", database: "outcome", server_version: base.version, warnings: [] },
    });
    const rows = manifest.tables.filter(({ schema }: { schema: string }) => schema === "public");
    expect(rows.map(({ name, rows: number }: { name: string; rows: number }) => [name, number]).sort()).toEqual([
      ["a", 2],
      ["b", 0],
    ]);
    const content = readFileSync(file);
    expect([manifest.bytes, manifest.sha256]).toEqual([
      content.length,
      createHash("sha256").update(content).digest("hex"),
    ]);
    expect(base).toMatchObject({ tables: 2, rows: 2, dump_sha256: manifest.sha256 });
    expect(readFileSync(join(project.folder, "out/newest.dump"))).toEqual(content);
    expect(readFileSync(join(project.folder, "out/schema.sql"), "utf8")).toContain("CREATE TABLE public.a");
    expect(project.files().filter((name) => /partial|tmp/.test(name))).toEqual([]);
  });

  test("--schema-only takes definitions without rows, and sequences at their beginning", async () => {
    configure();
    await project.must("reseed", ["--schema-only"]);
    const { connection_string } = await project.json<{ connection_string: string }>("copy", ["create"]);
    expect(await query(connection_string, "INSERT INTO a (t) VALUES ('new') RETURNING id")).toEqual([{ id: 1 }]);
    expect(await query(connection_string, "SELECT count(*)::int AS n FROM a")).toEqual([{ n: 1 }]);
  });

  test("keep and keep_bases leave the newest, and a base that a copy stands on", async () => {
    configure({ dump: { keep: 1, keep_bases: 1 } });
    const { id, dump_key } = await project.json<Base>("reseed");
    expect(dumps()).toEqual([join("dumps", dump_key)]);
    // The copy of the test before stands on the base before.
    expect((await images()).length).toBe(2);
    await project.must("copy", ["delete", "--all", "--yes"]);
    const next = await project.json<Base>("reseed");
    expect((await images()).join()).toContain(next.id);
    expect((await images()).join()).not.toContain(id);
    expect((await images()).length).toBe(1);
  });

  test("of two reseeds at once the second is refused with the reason, and the first ends well", async () => {
    configure();
    const first = project.start("reseed");
    while (!first.stderr().includes("Open the workshop")) await Bun.sleep(20);
    const { status, stdout } = await project.run("reseed", ["--json"]);
    expect([status, JSON.parse(stdout).error.code]).toEqual([1, "RESEED_RUNNING"]);
    expect((await first.done).status).toBe(0);
  });

  test("a failure is told to the webhook and to the command, without the password", async () => {
    const reports: Record<string, unknown>[] = [];
    const hook = Bun.serve({
      port: 0,
      fetch: async (request) => {
        reports.push((await request.json()) as Record<string, unknown>);
        return new Response("taken");
      },
    });
    const on_failure = {
      webhook_url: `http://127.0.0.1:${hook.port}/`,
      exec: 'printf "%s|%s" "$DITTO_ERROR" "$DITTO_DUMP_KEY" > told',
    };
    configure({ source: { url: url.replace(/:[^:@]+@/, ":quite-wrong@") }, dump: { on_failure } });
    const { status } = await project.run("reseed");
    await hook.stop(true);
    expect(status).toBe(1);
    const [newest = ""] = dumps().sort().slice(-1);
    const told = readFileSync(join(project.folder, "told"), "utf8");
    expect(told).toContain(`refuses the password of user "postgres"|${newest.replace(/^dumps\//, "")}`);
    expect(reports).toEqual([
      expect.objectContaining({
        error: expect.stringContaining("refuses the password"),
        dump_path: newest.replace(/^dumps\//, ""),
      }),
    ]);
    expect(told + JSON.stringify(reports)).not.toContain("quite-wrong");
  });

  test("a webhook and a command that fail don't hide why the reseed failed", async () => {
    configure({
      source: { url: url.replace(/outcome$/, "nowhere") },
      dump: { on_failure: { webhook_url: "http://127.0.0.1:1/", exec: "exit 3" } },
    });
    const { status, stderr } = await project.run("reseed");
    expect(status).toBe(1);
    expect(stderr).toContain('there is no database "nowhere"');
    expect(stderr).toContain("dump.on_failure.exec ended with status 3");
  });

  test("nobody is told of a check, of what was typed wrongly, or of Ctrl-C; of a secret that is gone somebody is", async () => {
    const dump = { on_failure: { exec: "touch told-of-none" } };
    const told = () => existsSync(join(project.folder, "told-of-none"));
    const wrong = { url: url.replace(/:[^:@]+@/, ":quite-wrong@") };
    configure({ source: wrong, dump });
    expect(await project.run("reseed", ["--check"])).toMatchObject({ status: 1 });
    configure({ dump });
    expect((await project.run("reseed", ["--from", "s3://x?y"])).status).toBe(2);
    const running = project.start("reseed");
    await until(() => running.stderr().includes("Open the workshop"));
    running.kill("SIGINT");
    expect((await running.done).status).toBe(130);
    expect(told()).toBe(false);
    configure({ source: { url: "env:NO_SUCH_VARIABLE" }, dump });
    expect((await project.run("reseed")).status).toBe(2);
    expect(told()).toBe(true);
  });

  test("a file that can't be written leaves nothing: no base, no dump", async () => {
    mkdirSync(join(project.folder, "taken"));
    configure({ dump: { path: "taken/newest.dump", schema_path: "ditto.yaml/schema.sql" } });
    const before = await project.belongings();
    const { status } = await project.run("reseed");
    expect(status).toBe(1);
    expect(await project.belongings()).toEqual(before);
    expect(existsSync(join(project.folder, "taken/newest.dump"))).toBe(false);
  });

  test("a folder where a file is to appear leaves nothing either", async () => {
    mkdirSync(join(project.folder, "folder.sql"));
    configure({ dump: { schema_path: "folder.sql" } });
    const before = await project.belongings();
    const { status, stderr } = await project.run("reseed");
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining("a folder has this name") });
    expect(stderr).toContain("the previous base is untouched");
    expect(await project.belongings()).toEqual(before);
  });

  test("a file that can't appear in the end is named; the base is current, the rest is there, the old is pruned", async () => {
    await project.must("copy", ["delete", "--all", "--yes"]);
    const out = join(project.folder, "late");
    configure({ dump: { path: "late/newest.dump", schema_path: "late/schema.sql", keep: 1, keep_bases: 1 } });
    const [old = ""] = (await images()).slice(-1);
    const running = project.start("reseed");
    await until(() => existsSync(out) && readdirSync(out).some((name) => /^schema\.sql\..*\.tmp$/.test(name)));
    mkdirSync(join(out, "schema.sql"));
    const { status, stderr } = await running.done;
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining("The new base is there") });
    expect(stderr).toContain(`Cannot write "${join(out, "schema.sql")}": a folder has this name`);
    expect(readdirSync(out).sort()).toEqual(["newest.dump", "schema.sql"]);
    expect(readdirSync(join(project.home, "work"))).toEqual([]);
    expect(dumps().length).toBe(1);
    const left = await images();
    expect([left.length, left.includes(old)]).toEqual([1, false]);
    configure();
    await project.must("copy", ["create"]);
  });

  test("a project's name is checked, and bases belong to their project", async () => {
    project.configure({ project: "Not A Name", source: { url } });
    expect((await project.run("reseed")).status).toBe(2);
    project.configure({ project: "other", source: { url } });
    const { status, stdout } = await project.run("copy", ["create", "--json"]);
    expect([status, JSON.parse(stdout).error.code]).toEqual([1, "NO_BASE"]);
  });
});
