/** What a column's values are, as far as a mask has to know. Lengths are in characters, of `bytes` in bytes. */
export type Kind =
  // Padded: blanks at the end say nothing; Postgres adds them, MySQL leaves them out.
  | { is: "text"; max: number; padded?: boolean }
  // Digits: of MySQL's zerofill.
  | { is: "integer"; min: bigint; max: bigint; digits?: number }
  | { is: "decimal"; precision: number; scale: number }
  | { is: "float"; single?: boolean; scale?: number }
  | { is: "boolean" }
  | { is: "date" }
  // Fraction: the digits of a second that MySQL always prints.
  | { is: "timestamp"; zone: boolean; fraction?: number }
  | { is: "time"; fraction?: number }
  | { is: "uuid" }
  // Network: with a netmask, always (cidr).
  | { is: "inet"; four?: boolean; network?: boolean }
  | { is: "json" }
  // Padded: with zero bytes, as MySQL's binary(n) is.
  | { is: "bytes"; max: number; padded?: boolean }
  | { is: "enum"; labels: string[] }
  | { is: "set"; labels: string[] }
  | { is: "array"; of: Kind }
  | { is: "opaque"; type: string };

export type Engine = "postgres" | "mysql";

/** A column as the schema says it: the type as the engine prints it, an enum's labels, a domain's base type. */
export interface TypedColumn {
  type: string;
  labels?: string[];
  baseType?: string;
}

/** The kind of a column. MariaDB is "mysql". */
export function kindOf(engine: Engine, column: TypedColumn): Kind {
  return engine === "postgres" ? postgresKind(column) : mysqlKind(column);
}

/** A type in parts, without its schema: `public.varchar(100) x` is `varchar`, [100] and `x`. */
function partsOf(type: string): { name: string; args: number[]; rest: string } {
  const match = /^([^(]*)(?:\(([^)]*)\))?(.*)$/s.exec(type.toLowerCase());
  const name = (match?.[1] ?? "").trim();
  const args = (match?.[2] ?? "").split(",").map(Number);
  return { name: name.slice(name.lastIndexOf(".") + 1), args, rest: (match?.[3] ?? "").trim() };
}

const INTEGERS: Record<string, number> = {
  ...{ tinyint: 8, smallint: 16, mediumint: 24, int: 32, integer: 32, bigint: 64 },
};

function integer(bits: number, unsigned = false): Kind {
  const half = 1n << BigInt(bits - 1);
  return unsigned ? { is: "integer", min: 0n, max: 2n * half - 1n } : { is: "integer", min: -half, max: half - 1n };
}

/** Without a precision Postgres keeps any number of digits. */
function decimal([precision, scale]: number[]): Kind {
  return precision
    ? { is: "decimal", precision, scale: scale ?? 0 }
    : { is: "decimal", precision: Number.POSITIVE_INFINITY, scale: Number.POSITIVE_INFINITY };
}

function postgresKind(column: TypedColumn): Kind {
  const type = column.baseType ?? column.type;
  if (type.endsWith("[]")) {
    const { baseType: _, ...rest } = column;
    return { is: "array", of: postgresKind({ ...rest, type: type.slice(0, -2) }) };
  }
  if (column.labels !== undefined) return { is: "enum", labels: column.labels };
  const { name, args, rest } = partsOf(type);
  const unbounded = Number.POSITIVE_INFINITY;
  switch (name) {
    case "text":
    case "citext":
      return { is: "text", max: unbounded };
    case "character varying":
      return { is: "text", max: args[0] || unbounded };
    case "character":
    case "bpchar":
      return { is: "text", max: args[0] || unbounded, padded: true };
    case "name":
      return { is: "text", max: 63 };
    case "smallint":
    case "integer":
    case "bigint":
      return integer(INTEGERS[name] ?? 64);
    case "oid":
      return integer(32, true);
    case "numeric":
      return decimal(args);
    case "real":
      return { is: "float", single: true };
    case "double precision":
      return { is: "float" };
    case "boolean":
    case "date":
    case "uuid":
      return { is: name };
    case "inet":
      return { is: "inet" };
    case "cidr":
      return { is: "inet", network: true };
    case "json":
    case "jsonb":
      return { is: "json" };
    case "bytea":
      return { is: "bytes", max: unbounded };
    case "timestamp with time zone":
      return { is: "timestamp", zone: true };
    case "timestamp without time zone":
      return { is: "timestamp", zone: false };
    case "timestamp":
      return { is: "timestamp", zone: rest === "with time zone" };
    default:
      return /^time\b/.test(name) ? { is: "time" } : { is: "opaque", type };
  }
}

/** The greatest length of MySQL's types without one of their own, in bytes. */
const TEXTS: Record<string, number> = { tinytext: 255, text: 65_535, mediumtext: 16_777_215, longtext: 4_294_967_295 };
const BLOBS: Record<string, number> = { tinyblob: 255, blob: 65_535, mediumblob: 16_777_215, longblob: 4_294_967_295 };

function mysqlKind(column: TypedColumn): Kind {
  const { type } = column;
  const labelled = /^(enum|set)\s*\(/i.exec(type);
  if (labelled) {
    const is = labelled[1]?.toLowerCase() === "set" ? "set" : "enum";
    return { is, labels: column.labels ?? labelsOf(type) };
  }
  const { name, args, rest } = partsOf(type);
  const word = name.split(" ")[0] ?? name;
  const unsigned = `${name} ${rest}`.includes("unsigned");
  if (word === "tinyint" && args[0] === 1 && !unsigned) return { is: "boolean" };
  const bits = INTEGERS[word];
  if (bits !== undefined) {
    const digits = rest.includes("zerofill") ? { digits: args[0] ?? 0 } : {};
    return { ...integer(bits, unsigned), ...digits };
  }
  const text = TEXTS[word];
  if (text !== undefined) return { is: "text", max: text };
  const blob = BLOBS[word];
  if (blob !== undefined) return { is: "bytes", max: blob };
  switch (word) {
    case "char":
      return { is: "text", max: args[0] || 1, padded: true };
    case "varchar":
      return { is: "text", max: args[0] || 1 };
    case "binary":
      return { is: "bytes", max: args[0] || 1, padded: true };
    case "varbinary":
      return { is: "bytes", max: args[0] || 1 };
    case "decimal":
      return decimal(args);
    case "float":
    case "double":
      return {
        is: "float",
        ...(word === "float" ? { single: true } : {}),
        ...(args.length === 2 ? { scale: args[1] as number } : {}),
      };
    case "year":
      return { is: "integer", min: 1901n, max: 2155n, digits: 4 };
    case "date":
    case "uuid":
    case "json":
      return { is: word };
    case "time":
      return { is: "time", ...fraction(args) };
    case "datetime":
    case "timestamp":
      return { is: "timestamp", zone: word === "timestamp", ...fraction(args) };
    case "inet4":
      return { is: "inet", four: true };
    case "inet6":
      return { is: "inet" };
    default:
      return { is: "opaque", type };
  }
}

function fraction([places]: number[]): { fraction?: number } {
  return places ? { fraction: places } : {};
}

/** The labels in `enum('a','it''s')`. */
function labelsOf(type: string): string[] {
  return [...type.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, label = ""]) =>
    label.replaceAll("''", "'").replace(/\\(.)/gs, (_, letter: string) => ESCAPED[letter] ?? letter),
  );
}

const ESCAPED: Record<string, string> = { n: "\n", r: "\r", "0": "\0" };
