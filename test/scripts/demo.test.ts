import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { detectDump } from "../../lib/bases/files.ts";
import { type Counts, compareCounts } from "../../lib/copies/demo.ts";
import { asTypedHere, howToRun } from "../../lib/kit/runner.ts";
import { shortest } from "../../lib/kit/shell.ts";

const ROOT = resolve(import.meta.dir, "../..");
const FILES = resolve(import.meta.dir, "../../templates/demo");
const engines = ["postgres", "mysql"] as const;
const shops = await Promise.all(
  engines.map(async (engine) => ({ engine, text: await Bun.file(join(FILES, `shop-${engine}.sql`)).text() })),
);

for (const { engine, text } of shops) {
  describe(`shop-${engine}.sql`, () => {
    test("says which engine it is for", async () => {
      const path = join(FILES, `shop-${engine}.sql`);
      expect(await detectDump(path)).toMatchObject({ form: "sql", engine, flavour: engine });
    });

    test("is plain SQL: no client commands, no COPY, no DELIMITER", () => {
      expect(text.match(/^\\.*|^COPY .*|^DELIMITER.*/gim)).toBeNull();
    });

    test("gives the same rows at each load", () => {
      expect(text.match(/\b(random|rand|gen_random_uuid|uuid|clock_timestamp)\s*\(/gi)).toBeNull();
    });

    test("has nobody's real address, number or account", () => {
      const domains = [...text.matchAll(/@([a-z]+)\./g)].map(([, domain]) => domain);
      expect(new Set(domains)).toEqual(new Set(["example"]));
      expect(new Set(text.match(/\+44 7700 900/g))).toEqual(new Set(["+44 7700 900"]));
      expect(new Set(text.match(/\b\d{15,16}\b/g))).toEqual(
        new Set([
          ...["4242424242424242", "5555555555554444", "378282246310005"],
          ...["4000056655665556", "5105105105105100", "6011111111111117"],
        ]),
      );
    });

    test.each(["FOREIGN KEY|REFERENCES", "CREATE TRIGGER", "CREATE VIEW", "enum", "CREATE FUNCTION", "COMMENT"])(
      "has a %s",
      (part) => {
        expect(text).toMatch(new RegExp(part, "i"));
      },
    );
  });
}

describe("the comparison at the end", () => {
  const all: Counts = { customers: 240, orders: 600, payments: 500 };
  const none: Counts = { customers: 0, orders: 0, payments: 0 };

  test("shows every copy", () => {
    const counts = new Map(Object.entries({ ana: none, ben: all, eve: all }));
    expect(compareCounts(counts, "ana").split("\n")).toEqual([
      "  COPY  CUSTOMERS  ORDERS  PAYMENTS",
      "  ana           0       0         0",
      "  ben         240     600       500",
      "  eve         240     600       500",
    ]);
  });

  test("fails when a copy that nobody touched has changed", () => {
    const changed = new Map(Object.entries({ ana: none, ben: all, eve: { ...all, orders: 599 } }));
    expect(() => compareCounts(changed, "ana")).toThrow('"eve"');
    const empty = new Map(Object.entries({ ana: none, ben: none, eve: none }));
    expect(() => compareCounts(empty, "ana")).toThrow("not independent");
  });
});

test("the commands at the end are typed as they work here", async () => {
  const before = process.env.PATH;
  const folder = mkdtempSync(join(tmpdir(), "ditto-path-"));
  const withBun = join(folder, "bin");
  const fetched = join(folder, "_npx/1a2b/node_modules/.bin");
  try {
    for (const bin of [withBun, fetched]) {
      await Bun.write(join(bin, "bun"), "#!/bin/sh\n");
      chmodSync(join(bin, "bun"), 0o755);
    }
    writeFileSync(join(folder, "x"), "");
    process.env.PATH = `${fetched}:${withBun}`;
    expect(howToRun()).toBe("bun");
    expect(asTypedHere('Run "bun scripts/copy.ts list"')).toBe('Run "bun scripts/copy.ts list"');
    process.env.PATH = fetched;
    expect(howToRun()).toMatch(/^npx -y bun@[\d.]+$/);
    expect(asTypedHere('Run "bun scripts/copy.ts list"')).toBe(`Run "${howToRun()} scripts/copy.ts list"`);
    process.chdir(folder);
    expect(asTypedHere("bun scripts/copy.ts list")).toBe(
      `${howToRun()} ${shortest(resolve(ROOT, "scripts"))}/copy.ts list`,
    );
    symlinkSync(join(ROOT, "scripts"), join(folder, "scripts"));
    expect(asTypedHere("bun scripts/copy.ts list")).toBe(`${howToRun()} scripts/copy.ts list`);
  } finally {
    process.chdir(ROOT);
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  }
});
