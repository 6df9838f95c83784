import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { withDownload } from "../../../lib/bases/download.ts";
import type { DumpManifest, DumpStore } from "../../../lib/bases/store.ts";
import { openStore } from "../../../lib/bases/stores.ts";
import { type S3Server, startS3 } from "../../live/support/s3.ts";
import { manifestOf } from "./dump-manifest.ts";
import { setEnvironment } from "./environment.ts";

const root = mkdtempSync(join(tmpdir(), "ditto-stores-"));
const step = () => ({ update() {} });
let s3: S3Server;
let restore = () => {};

beforeAll(async () => {
  s3 = await startS3();
  restore = setEnvironment({ ...s3.env, DITTO_HOME: join(root, "home") });
  mkdirSync(join(root, "home", "work"), { recursive: true });
});
afterAll(async () => {
  restore();
  rmSync(root, { recursive: true, force: true });
  await s3.stop();
});

const places: [kind: string, address: (name: string) => string][] = [
  ["a folder", (name) => join(root, name)],
  ["S3", (name) => `${s3.address}/${name}`],
];

/** Puts a dump with its manifest into a store, as a reseed does. */
async function publish(store: DumpStore, content: Uint8Array, day: number, of?: Parameters<typeof manifestOf>[2]) {
  const manifest = manifestOf(content, day, of);
  const partial = store.partialFile(manifest.key);
  mkdirSync(dirname(partial), { recursive: true });
  writeFileSync(partial, content);
  await store.publish(partial, manifest, step);
  return manifest;
}

/** The bytes that a store gives for a key. */
async function fetched(store: DumpStore, key: string): Promise<Uint8Array> {
  const found = await store.find(key);
  if ("path" in found) return Bun.file(found.path).bytes();
  return withDownload(found, { step }, (path) => Bun.file(path).bytes());
}

for (const [kind, address] of places) {
  describe(`a dump store in ${kind}`, () => {
    test("gives back what was published, and nothing is left on the way", async () => {
      const store = openStore(address("plain"));
      await store.prove();
      // More than one part of an upload.
      const content = crypto.getRandomValues(new Uint8Array(65_536));
      const large = Buffer.concat(Array.from({ length: 280 }, () => content));
      const manifest = await publish(store, large, 1);
      expect(await store.list("shop")).toEqual([{ key: manifest.key, time: Date.UTC(2026, 0, 1), manifest }]);
      expect(Buffer.compare(await fetched(store, manifest.key), large)).toBe(0);
      expect(readdirSync(join(root, "home", "work"), { recursive: true })).toEqual([]);
      expect((await s3.keys()).filter((key) => key.includes("probe"))).toEqual([]);
    });

    test("lists the newest first by the time in the key, and by whole segments", async () => {
      const store = openStore(address("order"));
      const days: [number, string][] = [
        [3, "zoo"],
        [5, "app"],
        [4, "app2"],
      ];
      for (const [day, database] of days) await publish(store, Buffer.from("x"), day, { database, source: "default" });
      await publish(store, Buffer.from("x"), 9, { database: "app", source: "two" });
      const keys = async (prefix?: string) => (await store.list(prefix)).map(({ key }) => key.slice(0, -30));
      expect(await keys("shop")).toEqual(["shop/app/none", "shop/app2/none", "shop/zoo/none"]);
      expect(await keys("shop/app")).toEqual(["shop/app/none"]);
      expect((await keys())[0]).toBe("shop.two/app/none");
      expect(await keys("sho")).toEqual([]);
    });

    test("a dump without its manifest, or with a damaged one, counts for nothing", async () => {
      const store = openStore(address("half"));
      const [old, cut, bare] = [1, 2, 3].map((day) => manifestOf(Buffer.from("x"), day)) as [
        DumpManifest,
        ...DumpManifest[],
      ];
      await publish(store, Buffer.from("x"), 1);
      await put(address("half"), cut?.key ?? "", "x", '{"bytes": 1, "sha');
      await put(address("half"), bare?.key ?? "", "x");
      expect((await store.list()).map(({ key }) => key)).toEqual([old.key]);
      await expect(store.find(bare?.key ?? "")).rejects.toMatchObject({ code: "DUMP_INCOMPLETE" });
      await expect(store.find(cut?.key ?? "")).rejects.toMatchObject({ code: "MANIFEST_DAMAGED" });
      await expect(store.find(manifestOf(Buffer.from("x"), 4).key)).rejects.toMatchObject({ code: "DUMP_MISSING" });
    });

    test("keeps the newest of the same key prefix, and leaves the others alone", async () => {
      const store = openStore(address("keep"));
      const other = await publish(store, Buffer.from("x"), 1, { database: "app2", source: "default" });
      const made: DumpManifest[] = [];
      for (const day of [1, 2, 3, 4]) made.push(await publish(store, Buffer.from("x"), day));
      await store.prune(made.at(-1)?.key ?? "", 2);
      const kept = [made[3]?.key, made[2]?.key, other.key];
      expect((await store.list()).map(({ key }) => key)).toEqual(kept as string[]);
      await store.withdraw(made[3]?.key ?? "");
      expect((await store.list("shop/app")).map(({ key }) => key)).toEqual([made[2]?.key ?? ""]);
    });
  });
}

describe("what is half made in a folder of several machines", () => {
  const folder = join(root, "shared");
  const store = openStore(folder);
  const { key } = manifestOf(Buffer.from("x"), 1);

  /** Puts a file there that was last written so many hours ago, has old dumps removed, and tells whether it stays. */
  async function stays(path: string, hours: number): Promise<boolean> {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "half");
    const then = Date.now() / 1000 - hours * 3600;
    utimesSync(path, then, then);
    await store.prune(key, 1);
    return existsSync(path);
  }

  test("a living one's dump stays, whoever it is, and a dead one's goes", async () => {
    const partial = store.partialFile(key);
    expect(await stays(partial, 30)).toBe(true);
    // Another user's, unless this one is root.
    expect(await stays(partial.replace(`.${process.pid}.`, ".1."), 30)).toBe(true);
    const child = Bun.spawn(["true"]);
    await child.exited;
    expect(await stays(partial.replace(`.${process.pid}.`, `.${child.pid}.`), 0)).toBe(false);
  });

  test.each([
    ["another machine's", `${key}.4194999.00c0ffee.tmp`],
    ["an earlier ditto's", `${key}.4194999.partial`],
    ["one without a manifest", key],
  ])("%s goes when nobody has written it for a day", async (_whose, name) => {
    expect(await stays(join(folder, name), 23)).toBe(true);
    expect(await stays(join(folder, name), 25)).toBe(false);
  });
});

/** Lays a dump into a store behind its back. */
async function put(address: string, key: string, content: string, manifest?: string): Promise<void> {
  for (const [name, text] of [
    [key, content],
    [`${key}.json`, manifest],
  ] as const) {
    if (text === undefined) continue;
    if (address.startsWith("s3://")) await s3.client.write(`${address.slice(s3.address.length + 1)}/${name}`, text);
    else await Bun.write(join(address, name), text);
  }
}

test("what is no store that ditto knows is refused", () => {
  expect(() => openStore("gs://bucket/x")).toThrow('ditto keeps no dumps at "gs://…"');
});
