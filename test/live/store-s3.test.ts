import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Status } from "../../lib/copies/status.ts";
import { manifestOf } from "../lib/bases/dump-manifest.ts";
import { missingPostgres, postgresImage, query } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";
import { type S3Server, startS3 } from "./support/s3.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const missing = missingPostgres("17");
const SHOP = gzipSync(readFileSync(join(import.meta.dir, "../../templates/demo/shop-postgres.sql")));

describe.skipIf(missing !== undefined)(`dumps in S3${missing ? ` (${missing})` : ""}`, () => {
  let s3: S3Server;
  let web: Bun.Server<undefined>;
  let here: Project;
  let there: Project;
  let key = "";
  const config = () => ({
    copy: { image: postgresImage("17") },
    dump: { store: `${s3.address}/team`, keep: 1 },
    source: { url: "postgres://nobody@localhost/shop" },
  });
  const withS3 = () => ({ env: s3.env });
  /** Without the sweep in the background, which would do prune's work. */
  const alone = () => ({ env: { ...s3.env, DITTO_NO_SWEEP: "1" } });

  beforeAll(async () => {
    s3 = await startS3();
    web = serveShop();
    [here, there] = await Promise.all([makeProject(config()), makeProject(config())]);
  });
  afterAll(async () => {
    await Promise.all([here?.remove(), there?.remove(), web?.stop(true), s3?.stop()]);
  });

  /** A dump over http; the slow one never comes to its end. */
  function serveShop() {
    const slow = () =>
      new Response(
        new ReadableStream({
          start: (stream) => stream.enqueue(SHOP.subarray(0, 1000)),
          pull: () => new Promise(() => {}),
        }),
      );
    return Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      routes: { "/shop.sql.gz": () => new Response(SHOP), "/slow.sql.gz": slow },
      fetch: () => new Response("not here", { status: 404 }),
    });
  }

  async function refused(project: Project, from: string, env: Record<string, string> = s3.env) {
    const before = await project.belongings();
    const outcome = await project.run("reseed", ["--json", "--from", from], { env, timeoutMs: 60_000 });
    expect(await project.belongings()).toEqual(before);
    expect(outcome.stdout + outcome.stderr).not.toContain(s3.env.AWS_SECRET_ACCESS_KEY as string);
    return JSON.parse(outcome.stdout).error as { code: string; message: string; hint: string };
  }

  const shop = () => `http://127.0.0.1:${web.port}/shop.sql.gz`;

  test("a store that can't be written to, or isn't there, is refused before anything is made", async () => {
    s3.interfere(({ method }) => (method === "PUT" ? { status: 403, code: "AccessDenied" } : undefined));
    const denied = await refused(here, shop());
    s3.interfere(undefined);
    expect(denied.message).toMatch(/^Cannot write "s3:\/\/dumps\/team\/.*access is denied, s3:PutObject is missing$/);
    const down = { ...s3.env, AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
    expect(await refused(here, shop(), down)).toMatchObject({ code: "S3_UNREACHABLE" });
    expect(await refused(here, `${shop()}.none`)).toMatchObject({ code: "DUMP_MISSING" });
    expect(await refused(here, "store")).toMatchObject({ code: "NO_DUMP" });
    expect(await s3.keys()).toEqual([]);
  });

  test("kill -9 in the middle of a download leaves nothing that prune doesn't remove", async () => {
    const victim = here.start("reseed", ["--from", `http://127.0.0.1:${web.port}/slow.sql.gz`], alone());
    const left = () => here.files().filter((file) => file.endsWith(".partial"));
    await until(() => left().length === 1);
    victim.kill("SIGKILL");
    await victim.done;
    await here.must("copy", ["prune"], withS3());
    expect(left()).toEqual([]);
  });

  test("a reseed publishes its dump with the manifest, keeps the newest, and status finds it", async () => {
    // Of a reseed of long ago, and of one that was killed between dump and manifest.
    const [old, half] = [
      "team/shop/shop/none/2026-01-02T03-04-05-006Z.dump",
      "team/shop/shop/none/2099-01-02T03-04-05-006Z.dump",
    ];
    await s3.client.write(old, "old");
    await s3.client.write(`${old}.json`, JSON.stringify(manifestOf(Buffer.from("old"), 2)));
    await s3.client.write(half, "half");
    const base = await here.json<{ dump_key: string; rows: number }>("reseed", ["--from", shop()], withS3());
    key = base.dump_key;
    expect(base.rows).toBe(2576);
    expect(await s3.keys()).toEqual([`team/${key}`, `team/${key}.json`, half]);
    await s3.client.delete(half);
    expect(here.files().filter((file) => /^(work|dumps)\/./.test(file))).toEqual([]);
    const { dump, warnings } = await here.json<Status>("status", [], withS3());
    const sha256 = new Bun.CryptoHasher("sha256").update(await s3.client.file(`team/${key}`).bytes()).digest("hex");
    expect({ dump, warnings }).toMatchObject({ dump: { key, store: "s3://dumps/team", sha256 }, warnings: [] });
  });

  test("another state folder makes its base from the newest dump, and needs no more than to read it", async () => {
    s3.interfere(({ method }) =>
      method === "GET" || method === "HEAD" ? undefined : { status: 403, code: "AccessDenied" },
    );
    const base = await there.json<{ dump_key: string; rows: number }>("reseed", ["--from", "store"], withS3());
    s3.interfere(undefined);
    expect(base).toMatchObject({ dump_key: key, rows: 2576 });
    expect(await s3.keys()).toEqual([`team/${key}`, `team/${key}.json`]);
    expect(there.files().filter((file) => /^(work|dumps)\/./.test(file))).toEqual([]);
    const copy = await there.json<{ connection_string: string }>("copy", ["create", "--dump", key]);
    expect(await query(copy.connection_string, "SELECT count(*)::int AS n FROM customers")).toEqual([{ n: 240 }]);
  });

  test("a dump that was cut off is refused, by its key, as the newest, and by its address", async () => {
    const whole = await s3.client.file(`team/${key}`).bytes();
    await s3.client.write(`team/${key}`, whole.slice(0, -100));
    for (const from of [key, "store", `s3://dumps/team/${key}`]) {
      expect(await refused(there, from)).toMatchObject({ code: "CHECKSUM_MISMATCH" });
    }
  });

  test("status says why it knows nothing of the dumps", async () => {
    const env = { ...s3.env, AWS_SECRET_ACCESS_KEY: "wrong-secret-key" };
    const { dump, warnings } = await there.json<Status>("status", [], { env });
    expect(dump).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/^Nothing is known of the dumps: .*refuses the credentials/)]);
    const { stdout } = await there.must("status", [], { env });
    expect(stdout).toMatch(/^Dump +not known, see below$/m);
    expect(stdout).not.toContain("wrong-secret-key");
  });
});
