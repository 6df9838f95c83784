import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { openBaseFile, readBaseFile, writeBaseFile } from "../../../lib/bases/base-file.ts";
import type { BaseFacts } from "../../../lib/bases/base-manifest.ts";
import type { BaseRecord } from "../../../lib/bases/catalogue.ts";
import { chooseBase, currentOf } from "../../../lib/bases/choice.ts";
import { sweepUnfinished } from "../../../lib/bases/unfinished.ts";
import { newId, writeRecord } from "../../../lib/kit/state.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-base-"));
const home = process.env.DITTO_HOME;

beforeAll(() => {
  process.env.DITTO_HOME = join(folder, "home");
});
afterAll(() => {
  if (home === undefined) delete process.env.DITTO_HOME;
  else process.env.DITTO_HOME = home;
  rmSync(folder, { recursive: true });
});

const server = { flavour: "postgres" as const, version: "17.6" };
const base = { id: newId(), project: "shop", source: "default", engine: "postgres", server, warnings: ["ümlaut"] };
const rest = { profile: "none", database: "app", dumpKey: "", dumpSha256: "", origin: "file", tables: 1, rows: 1 };
const facts = {
  ...{ ditto_version: "1.0.0", masked: false, image: "postgres:17", platform: "linux/amd64", libc: "glibc 2.41" },
  base: { ...base, ...rest, durationMs: 1, createdAt: "2026-11-21T05:59:52.493Z" },
} as unknown as BaseFacts;

const DATA = Array.from({ length: 40 }, (_, at) => Buffer.alloc(100_000, `${at} `));

async function* stream(chunks: Uint8Array[], failure?: Error) {
  yield* chunks;
  if (failure) throw failure;
}

const write = (name: string, failure?: Error) =>
  writeBaseFile(join(folder, name), facts, { tar: stream(DATA, failure), tell: () => {} });

async function read(name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readBaseFile(await openBaseFile(join(folder, name)), () => {})) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("what was written is read, and any zstd reads it too", async () => {
  const { bytes, sha256 } = await write("whole");
  expect(bytes).toBe(statSync(join(folder, "whole")).size);
  const { manifest } = await openBaseFile(join(folder, "whole"));
  expect(manifest).toMatchObject({ ditto_base: 1, sha256, facts });
  expect((await read("whole")).equals(Buffer.concat(DATA))).toBe(true);
  expect(zstdDecompressSync(readFileSync(join(folder, "whole"))).length).toBe(4_000_000);
});

test("every byte counts: of the data, of the manifest, and of those that are missing", async () => {
  await write("whole");
  const bytes = readFileSync(join(folder, "whole"));
  const name = bytes.indexOf("shop");
  for (const at of [name, bytes.length - 9, Math.floor((bytes.length + bytes.readUInt32LE(4)) / 2)]) {
    const bad = Buffer.from(bytes);
    bad.writeUInt8(bad.readUInt8(at) ^ 1, at);
    writeFileSync(join(folder, "bad"), bad);
    expect(read("bad")).rejects.toMatchObject({ code: "FILE_DAMAGED" });
  }
  for (const length of [bytes.length - 1, bytes.length / 2, 100]) {
    writeFileSync(join(folder, "short"), bytes.subarray(0, length));
    expect(read("short")).rejects.toMatchObject({ code: "FILE_DAMAGED" });
  }
  writeFileSync(join(folder, "foreign"), "PGDMP and so on");
  expect(read("foreign")).rejects.toMatchObject({ code: "FILE_FOREIGN", exit: 2 });
});

test("a failed export leaves the file that was there, and nothing else", async () => {
  await write("kept");
  const before = readFileSync(join(folder, "kept"));
  expect(write("kept", new Error("the daemon went away"))).rejects.toThrow("the daemon went away");
  await Bun.sleep(50);
  expect(readFileSync(join(folder, "kept")).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(readdirSync(join(folder, "home", "work"))).toEqual([]);
});

test("the file of a killed export is swept, and no other file, whatever a note says", async () => {
  const half = join(folder, "x.base.4711.0a1b2c3d.tmp");
  const innocent = join(folder, "innocent");
  for (const [at, path] of [half, innocent].entries()) {
    writeFileSync(path, "half");
    await writeRecord(join(folder, "home", "work", `${at}.json`), { path, owner: "boot/4711/1" });
  }
  await sweepUnfinished();
  expect(readdirSync(folder)).not.toContain("x.base.4711.0a1b2c3d.tmp");
  expect(readdirSync(folder)).toContain("innocent");
});

test("a chosen base is current until a newer one is made, and the newest when the chosen one is gone", async () => {
  const made = (time: number) => ({ ...base, id: newId(time) }) as unknown as BaseRecord;
  const [old, newer, newest] = [made(1_000), made(2_000), made(Date.now() + 60_000)];
  expect(await currentOf([newer, old])).toBe(newer);
  await chooseBase(old);
  expect(await currentOf([newer, old])).toBe(old);
  expect(await currentOf([newer])).toBe(newer);
  expect(await currentOf([newest, newer, old])).toBe(newest);
  expect(await currentOf([])).toBeUndefined();
});
