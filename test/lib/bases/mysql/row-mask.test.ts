import { expect, test } from "bun:test";
import type { RowColumn } from "../../../../lib/bases/mysql/columns.ts";
import { LineBuffer } from "../../../../lib/bases/mysql/encode.ts";
import { addWireRow, wireMasker } from "../../../../lib/bases/mysql/row-mask.ts";
import { openKey } from "../../../../lib/mask/key.ts";
import { valueMask } from "../../../../lib/mask/value-mask.ts";
import { requestFor, type Wish } from "../../mask/source.ts";

const secret = new Uint8Array(32).fill(5);
const COLUMNS: RowColumn[] = [
  { name: "id", carriage: "plain" },
  { name: "name", carriage: "text" },
  { name: "photo", carriage: "binary" },
];

function masker(index: number, type: string, wish: Wish, flag?: number) {
  const count = { name: "shop.t.c", strategy: "mask" as const, seen: 0, changed: 0, kept: 0 };
  const change = { index, by: undefined, flag, request: requestFor(type, { engine: "mysql", ...wish }), count };
  const { mask, counts } = wireMasker({ form: "wire", columns: COLUMNS, changes: [change], secret });
  return (rows: Uint8Array<ArrayBuffer>) => ({ ...mask(rows), counts: counts() });
}

/** Rows of the text protocol: a length and the bytes, 0xfb for NULL. */
function wire(...rows: (string | Buffer | null)[][]): Uint8Array<ArrayBuffer> {
  const pieces = new LineBuffer();
  for (const row of rows) {
    const values = row.map((value) => {
      const bytes = value === null ? Buffer.alloc(0) : Buffer.from(value as string);
      return Buffer.concat([Buffer.from([value === null ? 0xfb : bytes.length]), bytes]);
    });
    const packet = Buffer.concat([Buffer.from("head"), ...values]);
    addWireRow(pieces, packet, 4, packet.length);
  }
  return pieces.take();
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test("text is masked as it is and escaped afterwards, bytes go in hexadecimal, NULL stays NULL", () => {
  const mask = masker(1, "varchar(40)", { strategy: "mask", keep_format: true });
  const { lines, counts } = mask(wire(["1", "a\tb\\é", Buffer.from([0, 255])], ["2", null, null], ["3", "", ""]));
  expect(text(lines)).toBe("1\t*\\t*\\\\*\t00FF\n2\t\\N\t\\N\n3\t\t\n");
  expect(counts).toMatchObject([{ seen: 2, changed: 1, kept: 0 }]);
});

test("bytes are masked a character for each", () => {
  const bytes = Buffer.from([0, 128, 255, 10]);
  const hash = valueMask(requestFor("blob", { engine: "mysql", strategy: "hash" }), openKey(secret));
  const { lines } = masker(2, "blob", { strategy: "hash" })(wire(["1", "a", bytes]));
  const hex = Buffer.from(hash(bytes.toString("latin1")), "latin1")
    .toString("hex")
    .toUpperCase();
  expect(text(lines)).toBe(`1\ta\t${hex}\n`);
});

test("a condition behind the columns keeps the value, and is taken off", () => {
  const mask = masker(1, "varchar(40)", { strategy: "redact", with: "x" }, 0);
  const { lines, counts, sum } = mask(wire(["1", "ann", "", "1"], ["2", "bob", "", "0"], ["3", "eve", "", null]));
  expect(text(lines)).toBe("1\tann\t\n2\tx\t\n3\tx\t\n");
  expect(counts).toMatchObject([{ seen: 2, changed: 2, kept: 1 }]);
  expect(sum.rows).toBe(3);
});
