import { expect, test } from "bun:test";
import { MOST_BYTES, openMaskStream } from "../../../lib/bases/mask-stream.ts";
import type { RowMask, ValueChange } from "../../../lib/bases/row-masks.ts";
import { openKey } from "../../../lib/mask/key.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { valueMask } from "../../../lib/mask/value-mask.ts";
import { requestFor, type Wish } from "../mask/source.ts";

const secret = new Uint8Array(32).fill(9);
/** More than are masked without threads. */
const MANY = 200_000;

function change(index: number, type: string, wish: Wish): ValueChange {
  const count = {
    name: `public.people.c${index}`,
    strategy: "replace" as Rule["strategy"],
    seen: 0,
    changed: 0,
    kept: 0,
  };
  return { index, by: undefined, flag: undefined, request: requestFor(type, wish), count };
}

function maskOf(changes: ValueChange[]): RowMask {
  return { table: {} as RowMask["table"], selected: new Map(), flags: [], changes, secret, ranges: [] };
}

async function mask(rowMask: RowMask, pieces: string[], width: number) {
  const out: Buffer[] = [];
  const stream = openMaskStream(rowMask, { form: "copy", width }, async (lines) => {
    // Slower now and then than what comes behind it.
    if (out.length % 7 === 0) await Bun.sleep(1);
    out.push(Buffer.from(lines));
  });
  try {
    for (const piece of pieces) {
      stream.push(new Uint8Array(Buffer.from(piece)));
      await stream.room();
    }
    const hash = await stream.end();
    return { text: Buffer.concat(out).toString(), rows: hash.rows, hash: hash.digest() };
  } finally {
    stream.close();
  }
}

function piecesOf(rows: string[], perPiece: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < rows.length; at += perPiece) pieces.push(`${rows.slice(at, at + perPiece).join("\n")}\n`);
  return pieces;
}

test("a big table comes out in its order, as one thread alone would mask it, and is counted", async () => {
  const email = valueMask(requestFor("text", { type: "email" }), openKey(secret));
  const rows = Array.from({ length: MANY }, (_, n) => `${n}\t${n % 5 === 0 ? "\\N" : `Ann.${n}@x.com`}\tplain ${n}`);
  const masked = maskOf([change(1, "text", { type: "email" })]);
  const { text, rows: counted } = await mask(masked, piecesOf(rows, 3000), 3);
  const lines = text.split("\n");
  expect(counted).toBe(MANY);
  expect(lines.length).toBe(MANY + 1);
  for (const n of [0, 1, 4_999, 77_777, MANY - 1]) {
    expect(lines[n]).toBe(`${n}\t${n % 5 === 0 ? "\\N" : email(`Ann.${n}@x.com`)}\tplain ${n}`);
  }
  expect(masked.changes[0]?.count).toMatchObject({ seen: MANY * 0.8, changed: MANY * 0.8, kept: 0 });
});

test("the size of the pieces doesn't matter", async () => {
  const rows = Array.from({ length: 500 }, (_, n) => `${n}\tname ${n}`);
  const results = await Promise.all(
    [1, 7, 500].map((size) => mask(maskOf([change(1, "text", { type: "first_name" })]), piecesOf(rows, size), 2)),
  );
  expect(new Set(results.map(({ text, hash }) => text + hash)).size).toBe(1);
});

test("a failure in a thread is the stream's, says what to do and quotes no value", async () => {
  const number = change(1, "integer", { type: "number", range: [1, 1_000_000], isUnique: true });
  const rows = Array.from(
    { length: 8000 },
    (_, n) => `${n}\t${n === 7990 ? 98_765_432 : n + 1}\t${"long ".repeat(200)}`,
  );
  const error = await mask(maskOf([number]), piecesOf(rows, 200), 3).catch((thrown) => thrown);
  expect(error.code).toBe("MASK_RANGE");
  expect(error.hint).toContain("range");
  expect(`${error.message} ${error.stack}`).not.toContain("98765432");
});

test.each([1, 8000])("what breaks a mask unexpectedly is reported without the value (%d rows)", async (count) => {
  const broken = change(1, "text", { type: "text" });
  // An enum without its labels.
  Object.assign(broken.request ?? {}, { kind: { is: "enum" } });
  const rows = Array.from(
    { length: count },
    (_, n) => `${n}\t${n === count - 1 ? "MARKER" : "a"}\t${"long ".repeat(200)}`,
  );
  const error = await mask(maskOf([broken]), piecesOf(rows, 200), 3).catch((thrown) => thrown);
  expect(error.code).toBe("MASK_FAILED");
  expect(error.message).toContain("public.people.c1");
  expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain("MARKER");
});

test("whoever waits for room finds it, however much was pushed at once", async () => {
  let written = 0;
  const stream = openMaskStream(
    maskOf([change(1, "text", { strategy: "redact", with: "x" })]),
    { form: "copy", width: 2 },
    async (lines) => {
      await Bun.sleep(1);
      written += lines.length;
    },
  );
  const piece = `1\t${"y".repeat(100)}\n`.repeat(5000);
  const masked = 5000 * "1\tx\n".length;
  const pieces = 3 * Math.ceil(MOST_BYTES / piece.length);
  for (let n = 0; n < pieces; n++) stream.push(new Uint8Array(Buffer.from(piece)));
  await stream.room();
  expect((pieces - written / masked) * piece.length).toBeLessThanOrEqual(MOST_BYTES);
  await stream.end();
  stream.close();
});

test("what can't be written ends the stream", async () => {
  const stream = openMaskStream(
    maskOf([change(1, "text", { type: "email" })]),
    { form: "copy", width: 2 },
    async () => {
      throw new Error("the pipe is closed");
    },
  );
  stream.push(new Uint8Array(Buffer.from("1\ta@x.com\n")));
  await expect(stream.end()).rejects.toThrow("the pipe is closed");
  stream.close();
});
