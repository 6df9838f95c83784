import { readFile } from "node:fs/promises";
import type { SourceConfig } from "./config.ts";
import { type DittoError, messageOf, registerSecret, usageError } from "./errors.ts";
import { type DatabaseUrl, defaultPorts, parseDatabaseUrl } from "./url.ts";

const TIME_LIMIT_MS = 30_000;
const FORMS = "env:NAME, file:/path, cmd:COMMAND or arn:aws:secretsmanager:…#field";

/** True for a text that says where a secret is: `env:`, `file:`, `cmd:`, `arn:`. */
export function isSecretReference(text: string): boolean {
  return /^(env:|file:|cmd:|arn:aws[a-z-]*:secretsmanager:)/.test(text);
}

/** Fetches the secret that `reference` points to and registers it for redaction. Throws exit 2 when it is not there. */
export async function resolveSecret(reference: string): Promise<string> {
  const secret = await fetchSecret(reference);
  registerSecret(secret);
  return secret;
}

async function fetchSecret(reference: string): Promise<string> {
  if (reference.startsWith("env:")) return fromVariable(reference.slice(4));
  if (reference.startsWith("file:")) return fromFile(reference.slice(5));
  if (reference.startsWith("cmd:")) return fromCommand(reference.slice(4));
  if (isSecretReference(reference)) return fromSecretsManager(reference);
  // What is not a reference may be the secret itself: it is not repeated.
  throw usageError("Cannot read a secret: it is not written as a reference", `Write ${FORMS}`, "SECRET_MISSING");
}

function missing(reference: string, state: string, hint?: string): DittoError {
  return usageError(`Cannot read the secret "${reference}": ${state}`, hint, "SECRET_MISSING");
}

function fromVariable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw missing(`env:${name}`, `the variable is ${value === undefined ? "not set" : "empty"}`, `Set ${name}`);
}

async function fromFile(path: string): Promise<string> {
  const { absolute } = await import("./config-tree.ts");
  let text: string;
  try {
    text = await readFile(absolute(path, process.cwd()), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = { ENOENT: "there is no such file", EACCES: "permission denied" }[code ?? ""] ?? messageOf(error);
    throw missing(`file:${path}`, reason);
  }
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw missing(`file:${path}`, "the file is empty");
  return value;
}

async function fromCommand(command: string): Promise<string> {
  const { run } = await import("./exec.ts");
  const { isTerminal } = await import("./stdio.ts");
  const { stdout, stderr, status, timedOut } = await run(["sh", "-c", command], {
    timeoutMs: TIME_LIMIT_MS,
    check: false,
    // At a terminal it may ask for a passphrase there, which needs the terminal's own session.
    group: !isTerminal(2),
  });
  const reference = `cmd:${command}`;
  if (timedOut) throw missing(reference, `no answer within ${TIME_LIMIT_MS / 1000} s`);
  if (status !== 0) throw missing(reference, `exit status ${status}${stderr.trim() && `: ${stderr.trim()}`}`);
  const value = stdout.replace(/\r?\n$/, "");
  if (value === "") throw missing(reference, "the command printed nothing");
  return value;
}

/** `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME#field`, fetched by AWS' own tool with its credentials. */
async function fromSecretsManager(reference: string): Promise<string> {
  const { run } = await import("./exec.ts");
  const [arn = "", field] = reference.split("#");
  const region = arn.split(":")[3];
  const argv = ["aws", "secretsmanager", "get-secret-value", "--secret-id", arn, "--query", "SecretString"];
  if (region) argv.push("--region", region);
  const { stdout, stderr, status, timedOut } = await run([...argv, "--output", "json"], {
    timeoutMs: TIME_LIMIT_MS,
    check: false,
  });
  if (timedOut) throw missing(reference, `no answer within ${TIME_LIMIT_MS / 1000} s`);
  if (status !== 0) throw missing(reference, stderr.trim() || `exit status ${status}`);
  const value = parseJson(stdout);
  if (typeof value !== "string" || value === "") throw missing(reference, "the secret holds no text");
  return fieldOf(reference, value, field);
}

function fieldOf(reference: string, secret: string, field: string | undefined): string {
  const content = parseJson(secret);
  const fields = typeof content === "object" && content !== null ? (content as Record<string, unknown>) : undefined;
  if (field === undefined) {
    if (fields === undefined) return secret;
    throw missing(reference, "the secret has several fields", `Add one of them: #${Object.keys(fields).join(", #")}`);
  }
  const value = fields?.[field];
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw missing(
    reference,
    `it has no field "${field}"`,
    `It has: ${Object.keys(fields ?? {}).join(", ") || "no fields"}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a source is and how to log in: its URL, what its single fields change, its password. Registers the password. */
export async function resolveSource(source: SourceConfig): Promise<DatabaseUrl> {
  const text = isSecretReference(source.url) ? (await resolveSecret(source.url)).trim() : source.url;
  const parts = text === "" ? fromFields(source) : { ...parseDatabaseUrl(text), ...fieldsOf(source) };
  if (parts.engine === "sqlite") {
    throw usageError("Cannot use the source: SQLite is compared and drawn, not copied", "Copy the file itself");
  }
  if (parts.password === "" && source.password_secret !== "")
    parts.password = await resolveSecret(source.password_secret);
  registerSecret(parts.password);
  const { mode, ca, cert, key, server_name: serverName } = source.tls;
  // Who names an authority wants the server to be checked.
  const tls = {
    sslmode: mode || (ca && !parts.params.sslmode ? "verify-full" : ""),
    sslrootcert: ca,
    sslcert: cert,
    sslkey: key,
  };
  const params = { ...parts.params, ...Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== "")) };
  return { ...parts, params, ...(serverName === "" ? {} : { serverName }) };
}

function fromFields(source: SourceConfig): DatabaseUrl {
  const { engine } = source;
  if (engine === "") {
    throw usageError(
      "Cannot use the source: it has neither a url nor an engine",
      "Set source.url: postgres://user@host:5432/database",
      "NO_SOURCE",
    );
  }
  const kind = engineOf(engine);
  const empty = { host: "localhost", port: defaultPorts[kind.engine], user: "", password: "", database: "" };
  return { ...empty, ...kind, params: {}, dropped: [], ...fieldsOf(source) };
}

function engineOf(engine: "postgres" | "postgresql" | "mysql" | "mariadb"): Pick<
  DatabaseUrl,
  "engine" | "flavourHint"
> & {
  engine: "postgres" | "mysql";
} {
  if (engine === "mariadb") return { engine: "mysql", flavourHint: "mariadb" };
  return { engine: engine === "postgresql" ? "postgres" : engine };
}

/** The single fields that are set; a host that is a path is a socket. */
function fieldsOf(source: SourceConfig): Partial<DatabaseUrl> {
  const { host, port, database, user, password } = source;
  const address = host.startsWith("/") ? { host: "localhost", socket: host } : { host };
  const fields = Object.entries({ ...address, port, database, user, password });
  return Object.fromEntries(fields.filter(([, value]) => value !== "" && value !== 0));
}
