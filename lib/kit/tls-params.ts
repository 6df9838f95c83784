import { usageError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";

/** How far a connection is encrypted and its server checked, in libpq's words for every engine. */
type TlsMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

/** Every spelling of a TLS mode in MySQL's, MariaDB's, Go's, Prisma's and JDBC's parameters. */
const MODES: Record<string, TlsMode> = {
  disable: "disable",
  disabled: "disable",
  false: "disable",
  "0": "disable",
  allow: "allow",
  prefer: "prefer",
  preferred: "prefer",
  require: "require",
  required: "require",
  "no-verify": "require",
  trust: "require",
  "skip-verify": "require",
  accept_invalid_certs: "require",
  "verify-ca": "verify-ca",
  verify_ca: "verify-ca",
  "verify-full": "verify-full",
  verify_full: "verify-full",
  verify_identity: "verify-full",
  "verify-identity": "verify-full",
  strict: "verify-full",
};

const MODE_NAMES = new Set(["sslmode", "ssl-mode", "ssl_mode", "sslaccept"]);
const FILE_NAMES: Record<string, string> = {
  sslrootcert: "sslrootcert",
  "ssl-ca": "sslrootcert",
  ssl_ca: "sslrootcert",
  sslca: "sslrootcert",
  serversslcert: "sslrootcert",
  sslcert: "sslcert",
  "ssl-cert": "sslcert",
  ssl_cert: "sslcert",
  sslkey: "sslkey",
  "ssl-key": "sslkey",
  ssl_key: "sslkey",
};

/**
 * Reads one TLS parameter of a URL under its common name; undefined when `name` is no such parameter.
 * `jdbc` matters because pgJDBC's `ssl=true` means verify-full.
 */
export function readTlsParam(name: string, value: string, jdbc: boolean): [name: string, value: string] | undefined {
  const key = name.toLowerCase();
  if (FILE_NAMES[key] !== undefined) return [FILE_NAMES[key], value];
  if (MODE_NAMES.has(key)) return ["sslmode", modeOf(name, value)];
  if (key === "tls") return ["sslmode", value === "true" ? "verify-full" : modeOf(name, value)];
  if (key === "usessl" || key === "requiressl") return ["sslmode", on(value) ? "require" : "disable"];
  if (key === "ssl") return ["sslmode", sslMode(value, jdbc)];
  return undefined;
}

/** `ssl=` is a yes or no, or (mysql2) a JSON object of Node's TLS options. */
function sslMode(value: string, jdbc: boolean): TlsMode {
  if (value.startsWith("{")) return /"rejectUnauthorized"\s*:\s*false/.test(value) ? "require" : "verify-full";
  if (!on(value)) return modeOf("ssl", value);
  return jdbc ? "verify-full" : "require";
}

function on(value: string): boolean {
  return ["true", "1", "yes", "on", ""].includes(value.toLowerCase());
}

function modeOf(name: string, value: string): TlsMode {
  const mode = MODES[value.toLowerCase()];
  if (mode !== undefined) return mode;
  throw usageError(
    `Cannot read the database URL: "${name}" has no mode "${value}"`,
    didYouMean(value, Object.keys(MODES)),
  );
}
