import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDownload } from "../../../lib/bases/download.ts";
import { openBucket } from "../../../lib/bases/s3-bucket.ts";
import { findS3Object } from "../../../lib/bases/s3-store.ts";
import { openStore } from "../../../lib/bases/stores.ts";
import { type S3Server, startS3 } from "../../live/support/s3.ts";
import { manifestOf } from "./dump-manifest.ts";
import { setEnvironment } from "./environment.ts";

const home = mkdtempSync(join(tmpdir(), "ditto-s3-errors-"));
const step = () => ({ update() {} });
const SECRET = "wJalrXUtnFEMIK7MDENG";
let s3: S3Server;
let restore = () => {};

beforeAll(async () => {
  s3 = await startS3();
  restore = setEnvironment({ ...s3.env, DITTO_HOME: home });
});
afterAll(async () => {
  restore();
  rmSync(home, { recursive: true, force: true });
  await s3.stop();
});

/** What is said of a store that can't be used. */
async function refusal(env: Record<string, string> = {}, address = `${s3.address}/team`) {
  const putBack = setEnvironment(env);
  const error = await openStore(address)
    .prove()
    .then(
      () => undefined,
      (reason: Error & { code: string; hint: string }) => reason,
    );
  putBack();
  expect(`${error?.message} ${error?.hint}`).not.toContain(SECRET);
  return { code: error?.code, message: error?.message, hint: error?.hint };
}

describe("before anything is dumped it is said what is missing:", () => {
  test("nothing is", async () => {
    expect(await refusal()).toEqual({ code: undefined, message: undefined, hint: undefined });
    expect(await s3.keys()).toEqual([]);
  });

  test("the bucket", async () => {
    expect(await refusal({}, "s3://no-such-bucket/x")).toMatchObject({
      code: "S3_BUCKET_MISSING",
      message: expect.stringContaining('there is no bucket "no-such-bucket" at 127.0.0.1'),
    });
  });

  test("credentials, and valid ones", async () => {
    const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };
    expect(await refusal(none)).toMatchObject({
      code: "S3_CREDENTIALS",
      message: expect.stringMatching(/no credentials$/),
    });
    const wrong = [{ AWS_ACCESS_KEY_ID: "AKIAWRONG" }, { AWS_SECRET_ACCESS_KEY: SECRET }];
    for (const env of wrong) {
      expect(await refusal(env)).toMatchObject({
        code: "S3_CREDENTIALS",
        message: expect.stringMatching(/127\.0\.0\.1:\d+ refuses the credentials \(\w+\)$/),
      });
    }
  });

  const rights: [string, (request: { method: string; path: string }) => boolean][] = [
    ["s3:PutObject", ({ method }) => method === "PUT"],
    ["s3:ListBucket", ({ method, path }) => method === "GET" && path.split("/").length === 3 && path.endsWith("/")],
    ["s3:GetObject", ({ method, path }) => method === "GET" && path.includes("probe")],
    ["s3:DeleteObject", ({ method }) => method === "DELETE"],
  ];
  for (const [permission, forbidden] of rights) {
    test(`the permission ${permission}`, async () => {
      s3.interfere((request) => (forbidden(request) ? { status: 403, code: "AccessDenied" } : undefined));
      expect(await refusal()).toMatchObject({
        code: "S3_DENIED",
        message: expect.stringMatching(new RegExp(`s3://dumps/team.*: access is denied, ${permission} is missing$`)),
      });
      s3.interfere(undefined);
      for (const key of await s3.keys()) await s3.client.delete(key);
    });
  }

  test("an endpoint that answers", async () => {
    expect(await refusal({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" })).toMatchObject({
      code: "S3_UNREACHABLE",
      message: expect.stringContaining("127.0.0.1:9 can't be reached (ConnectionRefused)"),
    });
    expect(await refusal({ AWS_ENDPOINT_URL: "https://s3.invalid" })).toMatchObject({ code: "S3_UNREACHABLE" });
  });
});

describe("a server that hangs", () => {
  const limits = { answer: 100, bytes: 100, part: 100 };

  test("is given up", async () => {
    s3.interfere(() => new Promise(() => {}));
    const file = join(home, "any");
    await Bun.write(file, "x");
    const bucket = openBucket("dumps", limits);
    const calls = [
      () => bucket.list("x/"),
      () => bucket.readText("x"),
      () => bucket.upload(file, "x", () => {}),
      () => bucket.size("x"),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: "S3_UNREACHABLE",
        message: expect.stringContaining("can't be reached (no answer within 0.1 s)"),
      });
    }
    s3.interfere(undefined);
  });
});

describe("an upload", () => {
  test("that breaks off leaves nothing that counts", async () => {
    const file = join(home, "big");
    await Bun.write(file, new Uint8Array(20 << 20));
    s3.interfere(({ method, path }) =>
      method === "PUT" && path.endsWith("big") ? { status: 403, code: "AccessDenied" } : undefined,
    );
    await expect(openBucket("dumps").upload(file, "big", () => {})).rejects.toMatchObject({ code: "S3_DENIED" });
    s3.interfere(undefined);
    expect(await s3.keys()).toEqual([]);
  });
});

describe("an upload that is killed", () => {
  test("leaves nothing that counts, neither in its parts nor between dump and manifest", async () => {
    const content = new Uint8Array(20 << 20);
    const manifest = manifestOf(content, 1);
    const partial = join(home, "work", "killed.partial");
    await Bun.write(partial, content);
    await Bun.write(join(home, "manifest.json"), JSON.stringify(manifest));
    for (const held of [/\.dump$/, /\.dump\.json$/]) {
      const reached = Promise.withResolvers<void>();
      let parts = 0;
      s3.interfere(({ method, path }) => {
        if (method !== "PUT" || !held.test(path) || (path.endsWith(".dump") && parts++ === 0)) return undefined;
        reached.resolve();
        return new Promise(() => {});
      });
      const argv = [process.execPath, join(import.meta.dir, "../../fixtures/publish.ts"), `${s3.address}/killed`];
      const child = Bun.spawn([...argv, partial, join(home, "manifest.json")], { env: process.env });
      await Promise.race([reached.promise, child.exited]);
      child.kill("SIGKILL");
      await child.exited;
      s3.interfere(undefined);
      expect(child.signalCode).toBe("SIGKILL");
      expect(await openStore(`${s3.address}/killed`).list()).toEqual([]);
    }
    expect(await s3.keys()).toEqual([`killed/${manifest.key}`]);
    await s3.client.delete(`killed/${manifest.key}`);
    rmSync(partial);
  });
});

describe("--from s3://", () => {
  const left = () => readdirSync(join(home, "work"));
  const fetched = async (address: string) =>
    withDownload(await findS3Object(address), { step }, (path) => Bun.file(path).text());

  test("fetches an object, with or without a manifest beside it", async () => {
    await s3.client.write("some/hand made.sql", "select 1;");
    expect(await fetched("s3://dumps/some/hand made.sql")).toBe("select 1;");
    await s3.client.write("some/hand made.sql.json", JSON.stringify(manifestOf(Buffer.from("select 1;"), 1)));
    expect(await fetched("s3://dumps/some/hand made.sql")).toBe("select 1;");
    expect(left()).toEqual([]);
  });

  test("refuses what is not what its manifest describes, is missing, or is a folder", async () => {
    await s3.client.write("some/hand made.sql", "select 1");
    await expect(fetched("s3://dumps/some/hand made.sql")).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    await expect(fetched("s3://dumps/none.sql")).rejects.toMatchObject({ code: "DUMP_MISSING" });
    await expect(fetched("s3://dumps/some")).rejects.toMatchObject({
      code: "DUMP_FOREIGN",
      message: expect.stringContaining("it is a folder"),
    });
    expect(left()).toEqual([]);
  });
});
