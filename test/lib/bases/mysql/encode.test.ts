import { expect, test } from "bun:test";
import { carriageOfType, loadStatement, rowColumns, selectRows } from "../../../../lib/bases/mysql/columns.ts";
import { canonicalFloat, eachValue, LineBuffer } from "../../../../lib/bases/mysql/encode.ts";
import { TupleReader } from "../../../../lib/bases/mysql/literals.ts";
import { RowHash } from "../../../../lib/bases/row-hash.ts";
import { table } from "../../schema/table.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

test("each type travels in the way that loses nothing", () => {
  const ways = {
    "bigint unsigned": "plain",
    "decimal(65,30)": "plain",
    "float(10,4)": "plain",
    double: "plain",
    year: "plain",
    "datetime(6)": "plain",
    float: "float",
    "float unsigned": "float",
    "bit(1)": "binary",
    "varbinary(5)": "binary",
    longblob: "binary",
    point: "binary",
    geomcollection: "binary",
    "vector(3)": "binary",
    json: "text",
    "enum('a')": "text",
    "char(3)": "text",
    uuid: "text",
    inet6: "text",
    longtext: "text",
  } as const;
  for (const [type, way] of Object.entries(ways)) expect([type, carriageOfType(type)]).toEqual([type, way]);
});

test("generated columns are neither read nor loaded", () => {
  const derived = table("t", ["id int", "f float", "b blob", "g int"], { generated: ["g"] });
  const columns = rowColumns(derived);
  expect(selectRows(derived, columns, "id > 1")).toBe("SELECT `id`, `f` * 1e0, `b` FROM `shop`.`t` WHERE id > 1");
  expect(loadStatement(derived, columns, "/run/rows")).toBe(
    "LOAD DATA LOCAL INFILE '/run/rows' INTO TABLE `t` CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (`id`, `f`, @v2) SET `b` = UNHEX(@v2)",
  );
});

test("lines escape what LOAD DATA would misread", () => {
  const line = new LineBuffer(1);
  line.text(bytes("tab\tnl\nback\\nul\0é"));
  line.tab();
  line.null();
  line.tab();
  line.binary(Uint8Array.of(0, 10, 255));
  expect(text(line.take())).toBe("tab\\tnl\\nback\\\\nul\\0é\t\\N\t000AFF");
});

test("values of every length are found on the wire", () => {
  const long = new Uint8Array(70_000).fill(65);
  const wire = Buffer.concat([
    Uint8Array.of(0, 0xfb, 1, 66, 0xfc, 0x2c, 1),
    long.subarray(0, 300),
    Uint8Array.of(0xfd, 0x70, 0x11, 1),
    long,
    Uint8Array.of(0xfe, 2, 0, 0, 0, 0, 0, 0, 0, 67, 68),
  ]);
  const seen: number[] = [];
  eachValue(wire, 0, wire.length, (from, to) => seen.push(to < 0 ? -1 : to - from));
  expect(seen).toEqual([0, -1, 1, 300, 70_000, 2]);
});

test("a float has one spelling, rounded as the server rounds", () => {
  const spelled = (value: string) => text(canonicalFloat(bytes(value)));
  expect(spelled("0.10000000149011612")).toBe(spelled("0.1"));
  expect(spelled("3.4028234663852886e38")).toBe(spelled("3.40282e38"));
  // Ties go to the even digit: the server prints 1000000 and 1000020.
  expect(spelled("1000005")).toBe(spelled("1000000"));
  expect(spelled("1000015")).toBe(spelled("1000020"));
  expect(spelled("-0")).toBe(spelled("0"));
  expect(spelled("\\N")).toBe("\\N");
});

/** Reads the rows of an INSERT, in pieces of `size`, and gives the hash that these lines would have. */
function hashOf(literals: string, columns: string[], size: number): RowHash {
  const hash = new RowHash();
  const shape = table("t", columns, {
    generated: columns.filter((column) => column.startsWith("skip")).map((column) => column.split(" ")[0] as string),
  });
  const kept = new Map(rowColumns(shape).map((column) => [column.name, column]));
  const reader = new TupleReader(
    shape.columns.map(({ name }) => kept.get(name)),
    hash,
  );
  const data = bytes(`${literals};`);
  let end = -1;
  for (let at = 0; at < data.length; at += size) end = reader.push(data.slice(at, at + size), 0);
  expect(end).toBeGreaterThan(0);
  return hash;
}

test("rows of a dump hash as the lines they were loaded from", () => {
  const literals =
    "(1,'it\\'s \\\\ \\n \t \\0 \\Z \\\" ''x',0x00fF,NULL,'','NULL'),\n(-1.5e10,'',_binary 'a\\0\\'','(),;',NULL,'\\\\N')";
  const columns = ["a int", "b text", "c blob", "d text", "e blob", "f text"];
  const lines = ["1\tit's \\\\ \\n \\t \\0 \x1a \" 'x\t00FF\t\\N\t\tNULL", "-1.5e10\t\t610027\t(),;\t\\N\t\\\\N"];
  const wanted = new RowHash();
  for (const line of lines) wanted.add(bytes(line));
  for (const size of [1, 2, 3, 7, 1000]) {
    const hash = hashOf(literals, columns, size);
    expect(hash.rows).toBe(2);
    expect(hash.digest()).toBe(wanted.digest());
  }
});

test("columns that a dump names and nobody reads are passed over", () => {
  const wanted = new RowHash();
  wanted.add(bytes("1\tb"));
  expect(hashOf("('x',1,2,'b',0xff)", ["skip1 text", "a int", "skip2 int", "b text", "skip3 blob"], 1).digest()).toBe(
    wanted.digest(),
  );
});
