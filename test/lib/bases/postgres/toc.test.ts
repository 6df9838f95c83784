import { expect, test } from "bun:test";
import { readToc } from "../../../../lib/bases/postgres/toc.ts";

function int(value: number): number[] {
  const size = Math.abs(value);
  return [value < 0 ? 1 : 0, size & 255, (size >> 8) & 255, (size >> 16) & 255, (size >> 24) & 255];
}

function text(value: string | undefined): number[] {
  if (value === undefined) return int(-1);
  const bytes = [...new TextEncoder().encode(value)];
  return [...int(bytes.length), ...bytes];
}

function entry(version: number, custom: boolean): number[] {
  return [
    ...[int(3456), int(1), text("0"), text("16401"), text("Benutzer"), text("TABLE DATA"), int(3)].flat(),
    ...[text(""), text(""), text("COPY …"), text("public"), text("")].flat(),
    ...(version >= 14 ? text("heap") : []),
    ...(version >= 16 ? int(114) : []),
    ...[text("ditto"), text("false"), text("3400"), text(undefined)].flat(),
    ...(custom ? [2, 0, 0, 0, 0, 0, 0, 0, 0] : text("3456.dat")),
  ];
}

function archive(version: number, custom: boolean): Uint8Array {
  return new Uint8Array([
    ...new TextEncoder().encode("PGDMP"),
    ...[1, version, 0, 4, 8, custom ? 1 : 3],
    ...(version >= 15 ? [3] : int(-1)),
    ...Array.from({ length: 7 }, () => int(0)).flat(),
    ...[text("shop"), text("17.6 (Debian 17.6-1)"), text("17.6"), int(1)].flat(),
    ...entry(version, custom),
  ]);
}

for (const version of [13, 14, 15, 16]) {
  for (const custom of [true, false]) {
    test(`the table of contents of format 1.${version}, ${custom ? "custom" : "directory"}, is read to its end`, () => {
      const bytes = archive(version, custom);
      const toc = readToc(bytes);
      expect(toc).toMatchObject({ database: "shop", serverVersion: "17.6", end: bytes.length });
      expect(toc.compression).toBe(version >= 15 ? "zstd" : "gzip");
      expect(toc.entries).toEqual([
        {
          ...{ dumpId: 3456, oid: "16401", kind: "TABLE DATA", schema: "public", name: "Benutzer" },
          ...{ owner: "ditto", definition: "", dependencies: [3400], file: custom ? "" : "3456.dat" },
        },
      ]);
    });
  }
}

test("a cut-off table of contents is refused wherever it was cut", () => {
  const bytes = archive(16, true);
  for (let length = 0; length < bytes.length; length++)
    expect(() => readToc(bytes.subarray(0, length))).toThrow("Cannot read the dump");
});

test("another file is refused", () => {
  expect(() =>
    readToc(new TextEncoder().encode("-- MySQL dump 10.13, and more of it so that it is long enough")),
  ).toThrow("no archive of pg_dump's");
});
