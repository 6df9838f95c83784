import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { detectDump } from "../../../lib/bases/files.ts";
import { withStaging } from "../../../lib/bases/staging.ts";
import { sizesOf } from "../../../lib/bases/unpacked.ts";
import type { Memory, Runtime, StagingRequest } from "../../../lib/runtime/index.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-staging-"));
afterAll(() => rmSync(folder, { recursive: true }));

const GB = 2 ** 30;
const TEXT = `create table t (x text);\n${"insert into t values ('the same again and again');\n".repeat(400_000)}`;

function written(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** How the staging of a file is asked for where there is so much memory, and what is said. */
async function asked(path: string, memory: Memory, rawOnDisk = false) {
  const said: string[] = [];
  let request: StagingRequest | undefined;
  const runtime = {
    memory: async () => memory,
    freeSpace: async () => undefined,
    async openStaging(wanted: StagingRequest) {
      request = wanted;
      throw new Error("that will do");
    },
  } as unknown as Runtime;
  const wish = {
    ...{ runtime, image: "postgres:17", settings: {}, jobs: 1, minFree: 1, rawOnDisk },
    selection: { roles: "drop", schemaOnly: false } as never,
    step: () => ({ update() {} }),
    warn: (message: string) => said.push(message),
  };
  const { code } = await withStaging(wish, await detectDump(path), async () => ({})).catch((error) => error);
  return { code, memory: request?.memory, opened: request !== undefined, said };
}

test("a file's size is that of its text, however it is packed, and is not counted to the end for nothing", async () => {
  for (const [name, bytes] of [
    ["t.sql", TEXT] as const,
    ["t.gz", gzipSync(TEXT)] as const,
    ["t.zst", zstdCompressSync(TEXT)] as const,
  ]) {
    const file = await detectDump(written(name, bytes));
    expect(await sizesOf(file, Number.POSITIVE_INFINITY)).toEqual({ packed: bytes.length, unpacked: TEXT.length });
    expect((await sizesOf(file, 1000)).unpacked).toBeGreaterThan(1000);
    if (name !== "t.sql") expect((await sizesOf(file, 1000)).unpacked).toBeLessThan(TEXT.length);
  }
});

test("a raw file that would not fit into the memory is refused before a server is made for it", async () => {
  const plain = written("big.sql", TEXT);
  const packed = written("big.sql.gz", gzipSync(TEXT));
  for (const file of [plain, packed]) {
    expect(await asked(file, { bytes: 1.25 * GB, swaps: false })).toMatchObject({ code: "MEMORY_LOW", opened: false });
    expect(await asked(file, { bytes: undefined, swaps: false })).toMatchObject({ code: "MEMORY_LOW", opened: false });
    expect(await asked(file, { bytes: 4 * GB, swaps: false })).toMatchObject({
      opened: true,
      memory: 3 * GB,
      said: [],
    });
  }
});

test("where raw rows may reach a disk it is said", async () => {
  const file = written("small.sql", "create table t (x text);\n");
  expect((await asked(file, { bytes: 4 * GB, swaps: true })).said).toEqual([expect.stringContaining("swap")]);
  const onDisk = await asked(file, { bytes: 0, swaps: false }, true);
  expect(onDisk).toMatchObject({ opened: true, memory: undefined });
  expect(onDisk.said).toEqual([expect.stringContaining("The raw rows were on this machine's disk")]);
});
