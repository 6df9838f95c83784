import { expect, test } from "bun:test";
import { dumpKey, keyTime, manifestText, parseManifest } from "../../../lib/bases/store.ts";
import { manifestOf } from "./dump-manifest.ts";

const manifest = manifestOf(Buffer.from("x"), 1);

test("a manifest is read with what a later ditto may add to it", () => {
  expect(parseManifest(manifestText({ ...manifest, added: true } as never), "a.json")).toMatchObject(manifest);
});

test.each<[string, object]>([
  ["profile", { profile: "../../../../evil" }],
  ["flavour", { flavour: "--oracle" }],
  ["server_version", { server_version: "17; id" }],
  ["key", { key: manifest.key.replace("/none/", "/../") }],
  ["tables", { tables: {} }],
])("a manifest with a foreign %s is refused by its name", (field, change) => {
  expect(() => parseManifest(JSON.stringify({ ...manifest, ...change }), "a.json")).toThrow(
    `Cannot read "a.json": the manifest is damaged ("${field}")`,
  );
});

test("a key stays below its store", () => {
  const [, , , time] = manifest.key.split("/");
  for (const path of ["../app/none", "shop/../none", "shop/app/..", "./app/none", "shop/app/../../none"])
    expect(keyTime(`${path}/${time}`)).toBeUndefined();
  expect(keyTime(`..shop/app.x/none/${time}`)).toBeDefined();
  expect(() => dumpKey({ project: "shop", source: "default", database: "app", profile: ".." })).toThrow("no key");
});
