import { expect, test } from "bun:test";
import { type Kind, kindOf } from "../../../lib/mask/kind.ts";

const int = (bits: number): Kind => ({
  is: "integer",
  min: -(2n ** BigInt(bits - 1)),
  max: 2n ** BigInt(bits - 1) - 1n,
});

test.each<[string, Kind]>([
  ["character varying(100)", { is: "text", max: 100 }],
  ["character varying", { is: "text", max: Number.POSITIVE_INFINITY }],
  ["character(3)", { is: "text", max: 3, padded: true }],
  ["public.citext", { is: "text", max: Number.POSITIVE_INFINITY }],
  ["smallint", int(16)],
  ["bigint", int(64)],
  ["numeric(10,2)", { is: "decimal", precision: 10, scale: 2 }],
  ["numeric", { is: "decimal", precision: Number.POSITIVE_INFINITY, scale: Number.POSITIVE_INFINITY }],
  ["double precision", { is: "float" }],
  ["real", { is: "float", single: true }],
  ["timestamp with time zone", { is: "timestamp", zone: true }],
  ["timestamp(3) with time zone", { is: "timestamp", zone: true }],
  ["timestamp(0) without time zone", { is: "timestamp", zone: false }],
  ["time(6) without time zone", { is: "time" }],
  ["text[]", { is: "array", of: { is: "text", max: Number.POSITIVE_INFINITY } }],
  ["numeric(4,1)[]", { is: "array", of: { is: "decimal", precision: 4, scale: 1 } }],
  ["bytea", { is: "bytes", max: Number.POSITIVE_INFINITY }],
  ["cidr", { is: "inet", network: true }],
  ["jsonb", { is: "json" }],
  ["interval", { is: "opaque", type: "interval" }],
  ["int4range", { is: "opaque", type: "int4range" }],
])("Postgres: %s", (type, kind) => {
  expect(kindOf("postgres", { type })).toEqual(kind);
});

test("an enum has its labels, a domain the kind below it, also in arrays", () => {
  const labels = ["sad", "ok"];
  expect(kindOf("postgres", { type: "mood", labels })).toEqual({ is: "enum", labels });
  expect(kindOf("postgres", { type: "mood[]", labels })).toEqual({ is: "array", of: { is: "enum", labels } });
  expect(kindOf("postgres", { type: "plz", baseType: "character varying(5)" })).toEqual({ is: "text", max: 5 });
});

test.each<[string, Kind]>([
  ["varchar(100)", { is: "text", max: 100 }],
  ["tinytext", { is: "text", max: 255 }],
  ["int", int(32)],
  ["int(10) unsigned", { is: "integer", min: 0n, max: 2n ** 32n - 1n }],
  ["int unsigned", { is: "integer", min: 0n, max: 2n ** 32n - 1n }],
  ["bigint(20) unsigned zerofill", { is: "integer", min: 0n, max: 2n ** 64n - 1n, digits: 20 }],
  ["mediumint", int(24)],
  ["tinyint(1)", { is: "boolean" }],
  ["tinyint(4)", int(8)],
  ["year", { is: "integer", min: 1901n, max: 2155n, digits: 4 }],
  ["decimal(10,2) unsigned", { is: "decimal", precision: 10, scale: 2 }],
  ["double unsigned", { is: "float" }],
  ["float(7,2)", { is: "float", single: true, scale: 2 }],
  ["datetime(6)", { is: "timestamp", zone: false, fraction: 6 }],
  ["time(3)", { is: "time", fraction: 3 }],
  ["timestamp", { is: "timestamp", zone: true }],
  ["binary(16)", { is: "bytes", max: 16, padded: true }],
  ["longblob", { is: "bytes", max: 4_294_967_295 }],
  ["enum('a','it''s','b,c)')", { is: "enum", labels: ["a", "it's", "b,c)"] }],
  ["set('x','y')", { is: "set", labels: ["x", "y"] }],
  ["json", { is: "json" }],
  ["inet4", { is: "inet", four: true }],
  ["inet6", { is: "inet" }],
  ["point", { is: "opaque", type: "point" }],
  ["bit(1)", { is: "opaque", type: "bit(1)" }],
])("MySQL: %s", (type, kind) => {
  expect(kindOf("mysql", { type })).toEqual(kind);
});
