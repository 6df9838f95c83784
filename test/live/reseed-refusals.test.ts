import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../provision/exec.ts";
import type { Source } from "../provision/sources.ts";
import { missingPostgres, postgresImage, query, sharedSource, urlTo, withClient } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const missing = missingPostgres("15", "17");

interface Refusal {
  status: number;
  ms: number;
  said: string;
  error: { code: string; message: string; hint: string };
}

describe.skipIf(missing !== undefined)(`What a reseed refuses${missing ? ` (${missing})` : ""}`, () => {
  let source: Source;
  let project: Project;
  let weak: string;
  const image = postgresImage("17");

  beforeAll(async () => {
    source = await sharedSource("17");
    await source.sql("CREATE ROLE weak LOGIN PASSWORD 'weak-password-1'; CREATE DATABASE refusing", "postgres");
    await source.sql(
      `CREATE TABLE open (id int); INSERT INTO open VALUES (1); CREATE TABLE "Pay Roll" (id int); CREATE TABLE shut (id serial);
       CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int); CREATE TABLE mine (id int);
       GRANT SELECT ON open, mine TO weak; GRANT SELECT ON shut TO weak; GRANT SELECT ON hidden.t TO weak`,
      "refusing",
    );
    weak = urlTo(source, "refusing", { user: "weak", password: "weak-password-1" });
    project = await makeProject();
    configure({ source: { url: urlTo(source, "refusing") } });
    await project.must("reseed");
  });
  afterAll(() => project?.remove());

  const configure = (config: object) => project.configure({ copy: { image }, ...config });

  /** One clear error with a way out, and nothing changed or left behind. */
  async function refused(config: object, ...args: string[]): Promise<Refusal> {
    configure(config);
    const before = await project.belongings();
    const { status, ms, stdout, stderr } = await project.run("reseed", ["--json", ...args], { timeoutMs: 60_000 });
    expect(await project.belongings()).toEqual(before);
    const { error } = JSON.parse(stdout);
    expect(error.message).toMatch(/^(Cannot |No source )/);
    expect(error.hint).not.toBe("");
    expect(stdout + stderr).not.toMatch(/^ +at /m);
    return { status, ms, said: stdout + stderr, error };
  }
  const from = (url: string, more: object = {}) => ({ source: { url, ...more } });

  test("a wrong password, which is not repeated", async () => {
    const { status, said, error } = await refused(
      from(urlTo(source, "refusing", { user: "weak", password: "not-this-one" })),
    );
    expect([status, error.code]).toEqual([1, "WRONG_PASSWORD"]);
    expect(said).not.toContain("not-this-one");
  });

  test("a database that does not exist, a user that does not, a port where nobody listens, a name that nobody has", async () => {
    expect((await refused(from(urlTo(source, "nowhere")))).error.code).toBe("DATABASE_MISSING");
    expect((await refused(from(urlTo(source, "refusing", { user: "nobody", password: "x" })))).error.code).toBe(
      "WRONG_PASSWORD",
    );
    expect((await refused(from("postgres://a:b@127.0.0.1:1/c"))).error.message).toContain("nothing listens there");
    expect((await refused(from("postgres://a:b@host.invalid/c"))).error.message).toContain("name is unknown");
  });

  test("a host that accepts and never answers, within 15 seconds", async () => {
    const hole = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { error, ms } = await refused(from(`postgres://a:b@127.0.0.1:${hole.port}/c`));
    hole.stop(true);
    expect(error).toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("no answer within the time limit"),
    });
    expect(ms).toBeLessThan(15_000);
  });

  test("a pooler, which makes up the number that a server gives for cancelling", async () => {
    const pooler = Bun.listen<{ up?: Bun.Socket }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        async open(client) {
          client.pause();
          const up = await Bun.connect({
            hostname: source.host,
            port: source.port,
            socket: { data: (_, bytes) => void client.write(renumbered(bytes)) },
          });
          client.data = { up };
          client.resume();
        },
        data: (client, bytes) => void client.data.up?.write(bytes),
        close: (client) => void client.data?.up?.end(),
      },
    });
    const url = urlTo({ ...source, port: pooler.port }, "refusing");
    expect((await refused(from(url))).error).toMatchObject({ code: "POOLER" });
    pooler.stop(true);
  });

  test("what the user may not read, by name: tables, sequences, schemas", async () => {
    const { status, error } = await refused(from(weak));
    expect([status, error.code]).toEqual([1, "NO_PRIVILEGE"]);
    expect(error.message).toContain("may not read hidden.t, public.Pay Roll, public.shut_id_seq");
  });

  test("tables whose rows are hidden from the user, and large objects that it may not read", async () => {
    await source.sql("GRANT pg_read_all_data TO weak; ALTER TABLE mine ENABLE ROW LEVEL SECURITY", "refusing");
    expect((await refused(from(weak))).error).toMatchObject({
      code: "ROW_SECURITY",
      message: expect.stringContaining("rows of public.mine from"),
    });
    await source.sql("ALTER TABLE mine DISABLE ROW LEVEL SECURITY; SELECT lo_create(990)", "refusing");
    expect((await refused(from(weak))).error.message).toContain("may not read the large objects 990");
    await source.sql("SELECT lo_unlink(990)", "refusing");
  });

  test("a table that stays locked, after lock_wait", async () => {
    const { error, ms } = await withClient(urlTo(source, "refusing"), async (client) => {
      await client.query("BEGIN; LOCK TABLE open IN ACCESS EXCLUSIVE MODE");
      return refused(from(weak, { lock_wait: "1s" }));
    });
    expect(error.code).toBe("LOCK_WAIT");
    expect(ms).toBeLessThan(30_000);
  });

  test("configuration that means nothing: an unknown key, a malformed URL, no source", async () => {
    const unknown = await refused({ dump: { exclude_table: ["x"] } });
    expect([unknown.status, unknown.error.code]).toEqual([2, "CONFIG_INVALID"]);
    expect(unknown.said).toContain("exclude_tables");
    expect(await refused(from("postgres//host"))).toMatchObject({ status: 2, error: { code: "URL_MALFORMED" } });
    expect(await refused({})).toMatchObject({ status: 2, error: { code: "NO_SOURCE" } });
  });

  test("an extension that the image has not", async () => {
    const folder = "/usr/share/postgresql/17/extension";
    const script = `echo "default_version = '1.0'" > ${folder}/ours_only.control; echo 'SELECT 1;' > ${folder}/ours_only--1.0.sql`;
    await must(["docker", "exec", "-u", "root", source.containerName, "sh", "-c", script]);
    await source.sql("CREATE EXTENSION ours_only", "refusing");
    const { error } = await refused(from(weak));
    await source.sql("DROP EXTENSION ours_only", "refusing");
    expect(error.message).toContain('no extension "ours_only"');
    expect(error.hint).toContain("copy.image");
  });

  test("a locale that the image has not, of the database or of a column", async () => {
    await must([
      "docker",
      "exec",
      "-u",
      "root",
      source.containerName,
      "localedef",
      "--no-archive",
      "-i",
      "nl_NL",
      "-f",
      "UTF-8",
      "nl_NL.UTF-8",
    ]);
    await source.sql("CREATE DATABASE dutch TEMPLATE template0 LOCALE 'nl_NL.UTF-8'", "postgres");
    expect((await refused(from(urlTo(source, "dutch")))).error.message).toContain('locale "nl_NL.UTF-8"');
    await source.sql("CREATE COLLATION nl (locale = 'nl_NL.UTF-8'); CREATE TABLE c (x text COLLATE nl)", "refusing");
    expect((await refused(from(weak))).error.message).toContain('locale "nl_NL.UTF-8"');
    await source.sql("DROP TABLE c; DROP COLLATION nl", "refusing");
  });

  test("an image or a client that is older than the source, and an image that is not there", async () => {
    const old = postgresImage("15");
    expect((await refused({ ...from(weak), copy: { image: old } })).error.message).toContain(
      "the source runs Postgres 17",
    );
    expect((await refused({ ...from(weak), dump: { client_image: old } })).error.code).toBe("CLIENT_TOO_OLD");
    expect((await refused({ ...from(weak), copy: { image: "ditto-test/none:1" } })).error.code).toBe("IMAGE_MISSING");
  });

  test("damaged state: the file is named and left as it is", async () => {
    const other = await makeProject({ copy: { image }, ...from(weak) });
    other.write("home/identity.json", "{");
    const outcome = await other.run("reseed", ["--json"]);
    expect(JSON.parse(outcome.stdout).error).toMatchObject({
      code: "STATE_CORRUPT",
      message: expect.stringContaining("identity.json"),
    });
    expect(await Bun.file(join(other.home, "identity.json")).text()).toBe("{");
    await other.remove();
  });

  test("after all of these the base before is there, also beside a damaged record", async () => {
    writeFileSync(join(project.home, "bases", "01damaged.json"), "{ not json");
    configure(from(weak));
    const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
    expect(await query(copy.connection_string, "SELECT * FROM open")).toEqual([{ id: 1 }]);
    expect(await Bun.file(join(project.home, "bases", "01damaged.json")).text()).toBe("{ not json");
  });
});

/** Another number in BackendKeyData (`K`, length 12, process, secret). */
function renumbered(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(Buffer.from([75, 0, 0, 0, 12]));
  if (at >= 0) copy.writeInt32BE(7_777_777, at + 5);
  return copy;
}
