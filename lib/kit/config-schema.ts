import { z } from "zod";
import { messageOf } from "./errors.ts";
import { NAME } from "./state.ts";
import { parseDuration, parseSize } from "./units.ts";
import { urlForms } from "./url.ts";

/** Reads a text or number with a parser that throws a DittoError, and reports its message as zod would. */
function parsed<T>(parse: (value: string | number) => T) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      context.issues.push({ code: "custom", message: messageOf(error), input: value });
      return z.NEVER;
    }
  });
}

/** Zod's default must already be what the transform makes; `prefault` takes what a user would write. */
const duration = (written: string) => parsed(parseDuration).prefault(written);
const size = (written: string) => parsed((value) => (value === "" ? 0 : parseSize(value))).prefault(written);
const text = (written = "") => z.string().default(written);
const list = z.array(z.string().min(1)).default([]);
const count = (written: number, least = 0) => z.int().min(least).default(written);
const name = z.string().regex(NAME, 'must be 1 to 41 of a-z, 0-9, "_" and "-", beginning with a letter or digit');

const tls = z.strictObject({
  mode: z.enum(["", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"]).default(""),
  ca: text(),
  cert: text(),
  key: text(),
  server_name: text(),
});

const dump = z.strictObject({
  schedule: text(),
  path: text(),
  store: text(),
  keep: count(5, 1),
  keep_bases: count(2, 1),
  stale_after: duration("7d"),
  client_image: text(),
  schema_path: text(),
  tables: list,
  exclude_tables: list,
  exclude_table_data: list,
  rows: z.record(z.string(), z.string().min(1)).default({}),
  exclude_extensions: z.union([z.literal("auto"), z.array(z.string())]).default("auto"),
  roles: z.enum(["drop", "keep"]).default("drop"),
  on_failure: z.strictObject({ webhook_url: text(), exec: text() }).prefault({}),
});

function parsePorts(value: string | number): "auto" | { from: number; to: number } {
  if (value === "auto") return value;
  const match = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(String(value).trim());
  const from = Number(match?.[1] ?? 0);
  const to = Number(match?.[2] ?? from);
  if (from < 1 || to > 65_535 || to < from) throw new Error('must be "auto", or a range such as 5433-5600');
  return { from, to };
}

function parseCpus(value: string | number): number {
  const cpus = Number(value);
  if (Number.isNaN(cpus) || cpus < 0) throw new Error("must be a number of processors such as 1.5");
  return cpus;
}

const copy = z.strictObject({
  ttl: parsed((value) => (value === "never" ? value : parseDuration(value))).prefault("2h"),
  image: text(),
  ports: parsed(parsePorts).prefault("auto"),
  bind: text("127.0.0.1"),
  advertise_host: text(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
  memory: size(""),
  cpus: parsed(parseCpus).prefault(""),
  max_copies: count(50, 1),
  warm_pool_size: count(0),
  side_effects: z.enum(["disarm", "keep"]).default("disarm"),
  network: z.enum(["closed", "open"]).default("closed"),
  keep_snapshots: count(20, 1),
});

const replaceTypes = [
  ...["email", "name", "first_name", "last_name", "phone", "ip", "url", "uuid", "address", "company"],
  ...["date", "number", "text", "card", "iban", "username"],
] as const;

const rule = z
  .strictObject({
    schema: z.string().min(1).optional(),
    table: z.string().min(1),
    column: z.string().min(1),
    strategy: z.enum(["replace", "nullify", "redact", "hash", "mask", "shift", "keep"]),
    type: z.enum(replaceTypes).optional(),
    with: z.string().optional(),
    days: z.int().optional(),
    keep_first: z.int().min(0).optional(),
    keep_last: z.int().min(0).optional(),
    mask_char: z.string().length(1).optional(),
    keep_format: z.boolean().optional(),
    path: z.string().min(1).optional(),
    where: z.string().min(1).optional(),
    warn_only: z.boolean().optional(),
    unique: z.literal("suffix").optional(),
    range: z.tuple([z.number(), z.number()]).optional(),
    same_as: z.string().min(1).optional(),
    by: z.string().min(1).optional(),
  })
  .check((context) => {
    const { value } = context;
    const refuse = (message: string, key: string) =>
      context.issues.push({ code: "custom", message, path: [key], input: value });
    if (value.strategy === "replace" && value.type === undefined && value.same_as === undefined) {
      refuse('is missing: "replace" needs to know what to put there', "type");
    }
    if (value.strategy === "shift" && !value.days) refuse('must be a number other than 0 for "shift"', "days");
    if (value.range !== undefined && value.range[0] > value.range[1]) refuse("must be [least, greatest]", "range");
    for (const [option, strategies] of Object.entries(OPTIONS_OF)) {
      const given = value[option as keyof typeof value] !== undefined;
      if (given && !strategies.includes(value.strategy)) refuse(`does not belong to "${value.strategy}"`, option);
    }
  });

/** Options that would silently do nothing with another strategy. */
const OPTIONS_OF: Record<string, string[]> = {
  type: ["replace"],
  with: ["redact"],
  days: ["shift"],
  by: ["shift"],
  keep_first: ["mask"],
  keep_last: ["mask"],
  keep_format: ["mask"],
  mask_char: ["mask"],
  unique: ["replace"],
  range: ["replace"],
};

const obfuscation = z.strictObject({
  // "" stands for mask.key in the state folder, which DITTO_HOME may move.
  key_secret: text(),
  large_objects: z.enum(["drop", "keep"]).default("drop"),
  unreviewed: z.enum(["fail", "warn", "allow"]).default("fail"),
  rules: z.array(rule).default([]),
});

const source = z.strictObject({
  url: text(),
  engine: z.enum(["", "postgres", "postgresql", "mysql", "mariadb"]).default(""),
  host: text(),
  port: z.int().min(0).max(65_535).default(0),
  database: text(),
  user: text(),
  password: text(),
  password_secret: text(),
  tls: tls.prefault({}),
  tunnel: text(),
  lock_wait: duration("10s"),
  on_block: z.enum(["abort", "warn"]).default("abort"),
  max_duration: duration("3h"),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be names of variables"), z.enum(urlForms))
    .default({ DATABASE_URL: "url" }),
  dump: dump.optional(),
  copy: copy.optional(),
  obfuscation: obfuscation.optional(),
});

/** A whole `ditto.yaml`. */
export const fileSchema = z.strictObject({
  project: name.optional(),
  source: source.optional(),
  sources: z.record(name, source).optional(),
  dump: dump.prefault({}),
  copy: copy.prefault({}),
  runtime: z.enum(["auto", "docker", "podman", "native"]).default("auto"),
  storage: z.enum(["auto", "pool", "reflink", "image", "copy"]).default("auto"),
  disk: z.strictObject({ min_free: size("5G"), max: size("") }).prefault({}),
  obfuscation: obfuscation.prefault({}),
});

/** The parts that one source may set for itself. */
export const sections = { dump, copy, obfuscation };

export type FileConfig = z.output<typeof fileSchema>;

/** The JSON Schema of `ditto.yaml`, for editors. */
export function jsonSchema(): object {
  const schema = z.toJSONSchema(fileSchema, { io: "input", target: "draft-7", unrepresentable: "any" });
  return { ...schema, title: "ditto.yaml" };
}
