import { servers } from "../engine/engines.ts";
import type { ServerVersion } from "../engine/index.ts";
import { withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import { type Config, loadConfig, requireSource } from "../kit/config.ts";
import { DittoError, messageOf, usageError } from "../kit/errors.ts";
import { type DatabaseUrl, parseDatabaseUrl } from "../kit/url.ts";
import type { Runtime } from "../runtime/index.ts";
import type { CatalogSession } from "../schema/dialect.ts";
import type { SchemaEngine } from "../schema/model.ts";
import { labelOf, type Reference } from "./reference.ts";

/** A database that can be read. Databases that something else uses are opened read-only. */
export interface OpenDatabase {
  /** As the user named it, without a password. */
  label: string;
  engine: SchemaEngine;
  session: CatalogSession;
  /** Where it is, for tools; SQLite has none. */
  url?: DatabaseUrl;
}

/** What opening may need, looked up when it does. */
export interface OpenContext {
  call: Conversation;
  /** `--engine`: the server that files are loaded into, e.g. `postgres:17`. */
  engine: string | undefined;
}

/** Opens the databases, hands them to `action` in their order, and closes them; what was started for it is gone then. */
export async function withDatabases<T>(
  references: Reference[],
  context: OpenContext,
  action: (databases: OpenDatabase[]) => Promise<T>,
): Promise<T> {
  const opened: (OpenDatabase | undefined)[] = references.map(() => undefined);
  // A file is loaded into a server like the other database's, which has to be known by then.
  const order = references.map((_, at) => at).sort((a, b) => rank(references[a]) - rank(references[b]) || a - b);
  const open = async ([at, ...rest]: number[]): Promise<T> => {
    const reference = at === undefined ? undefined : references[at];
    if (at === undefined || !reference) return action(opened as OpenDatabase[]);
    const beside = opened.find((database) => database !== undefined);
    return withSession(reference, { ...context, beside }, (engine, session, url) => {
      opened[at] = { label: labelOf(reference), engine, session, ...(url === undefined ? {} : { url }) };
      return open(rest);
    });
  };
  return open(order);
}

function rank(reference: Reference | undefined): number {
  return reference?.kind === "file" ? 1 : 0;
}

/** Only ditto uses it: nobody minds what is done to it. */
function isOwn({ kind }: Reference): boolean {
  return kind === "file" || kind === "base" || kind === "snapshot";
}

interface Surroundings extends OpenContext {
  beside: OpenDatabase | undefined;
}

type Use<T> = (engine: SchemaEngine, session: CatalogSession, url?: DatabaseUrl) => Promise<T>;

async function withSession<T>(reference: Reference, surroundings: Surroundings, action: Use<T>): Promise<T> {
  if (reference.kind === "sqlite" || isForSqlite(reference, surroundings)) return withSqlite(reference, action);
  return withUrl(reference, surroundings, async (url) => {
    if (url.engine === "sqlite") return withSqlite({ kind: "sqlite", word: url.database }, action);
    const { engine } = url;
    const session = await servers[engine].connect(url, isOwn(reference) ? {} : { guest: true });
    return withCleanup(
      () => action(engine, session, url),
      () => session.close().catch(() => {}),
    );
  });
}

function isForSqlite({ kind }: Reference, { engine, beside }: Surroundings): boolean {
  return kind === "file" && (engine === undefined ? beside?.engine === "sqlite" : /^sqlite\b/i.test(engine));
}

/** A database file as it is, or a script in a database of its own. */
async function withSqlite<T>({ kind, word }: Reference, action: Use<T>): Promise<T> {
  const { openSqlite } = await import("../engine/sqlite/open.ts");
  const session = await openSqlite(kind === "file" ? ":memory:" : word);
  return withCleanup(
    async () => {
      if (kind === "file") await session.run(await Bun.file(word).text()).catch((error) => refuseScript(word, error));
      return action("sqlite", session);
    },
    () => session.close(),
  );
}

function refuseScript(path: string, cause: unknown): never {
  throw new DittoError(`Cannot load "${path}" into SQLite: ${messageOf(cause)}`, {
    code: "SQL_FAILED",
    hint: "Mend the statement, or name another --engine",
    cause,
  });
}

/** Hands over where a database is, as long as it is there. */
async function withUrl<T>(
  reference: Reference,
  surroundings: Surroundings,
  action: (url: DatabaseUrl) => Promise<T>,
): Promise<T> {
  const { call } = surroundings;
  switch (reference.kind) {
    case "url":
      return action(parseDatabaseUrl(reference.word));
    case "source":
      return withSource(reference.word, call, action);
    case "copy":
      return action(await copyUrl(reference.word, call));
    case "base":
    case "snapshot":
      return withCopy(reference, call, action);
    case "file":
      return withFile(reference.word, surroundings, action);
    case "sqlite":
      return action(parseDatabaseUrl(`sqlite:${reference.word}`));
  }
}

async function withSource<T>(name: string, call: Conversation, action: (url: DatabaseUrl) => Promise<T>): Promise<T> {
  const [{ withReach }, { resolveSource }] = await Promise.all([
    import("../bases/reach.ts"),
    import("../kit/secrets.ts"),
  ]);
  const config = await loadConfig(name === "" ? call : { ...call, sourceName: name });
  const source = requireSource(config);
  const { runtime } = await runtimeOf(config, call);
  return withReach(await resolveSource(source), { tunnel: source.tunnel, runtime }, action);
}

async function copyUrl(word: string, call: Conversation): Promise<DatabaseUrl> {
  const { accessForReading, scopeOf } = await import("./copies.ts");
  const config = await loadConfig(call);
  return accessForReading(word, scopeOf(config), call.say);
}

/** A copy of its own of a base or a snapshot. */
async function withCopy<T>(
  reference: Reference,
  call: Conversation,
  action: (url: DatabaseUrl) => Promise<T>,
): Promise<T> {
  const { throwawayCopy } = await import("./copies.ts");
  return throwawayCopy(reference, { config: await loadConfig(call), call }, action);
}

async function withFile<T>(
  path: string,
  { call, engine, beside }: Surroundings,
  action: (url: DatabaseUrl) => Promise<T>,
): Promise<T> {
  const [{ detectDump }, { withThrowaway }] = await Promise.all([
    import("../bases/files.ts"),
    import("../bases/throwaway.ts"),
  ]);
  const config = await loadConfig(call);
  // A file without a statement is a database without a table.
  const file = await detectDump(path).catch((error) => {
    if ((error as DittoError).code === "DUMP_EMPTY") return undefined;
    throw error;
  });
  const server = serverFor(path, { wish: engine, beside: serverOf(beside), file, image: config.copy.image });
  const { runtime } = await runtimeOf(config, call);
  const request = {
    runtime,
    server,
    image: imageFor(server, config.copy.image),
    settings: await groundOf(server, beside),
    database: beside?.session.database || file?.database || "app",
    ...(file ? { file } : {}),
  };
  return withThrowaway(request, action);
}

/** What a file says nothing about is as in the other database: MySQL gives tables the character set of theirs. */
async function groundOf(server: ServerVersion, beside: OpenDatabase | undefined): Promise<Record<string, string>> {
  const other = serverOf(beside);
  if (beside?.engine !== "mysql" || other?.flavour !== server.flavour) return {};
  // A collation that the server doesn't know would keep it from starting.
  if (!`${other.version}.`.startsWith(`${server.version}.`)) return {};
  const [row] = await beside.session.query<{ charset: string; collation: string }>(
    "SELECT @@character_set_database AS charset, @@collation_database AS collation",
  );
  return row === undefined ? {} : { character_set_server: row.charset, collation_server: row.collation };
}

function serverOf(database: OpenDatabase | undefined): ServerVersion | undefined {
  if (!database) return undefined;
  const { flavour, version } = database.session.server;
  return flavour === "sqlite" ? undefined : { flavour, version };
}

const SERVER = /(postgres|mariadb|mysql)[^:]*:(\d+(?:\.\d+)*)/i;

function serverNamed(text: string): ServerVersion | undefined {
  const [, flavour, version = ""] = SERVER.exec(text) ?? [];
  return flavour === undefined ? undefined : { flavour: flavour.toLowerCase() as ServerVersion["flavour"], version };
}

/** The configured image, where it is one of that server; "" for the usual one. */
export function imageFor({ flavour, version }: ServerVersion, image: string): string {
  const named = serverNamed(image);
  return named?.flavour === flavour && `${version}.`.startsWith(`${named.version}.`) ? image : "";
}

interface FileServer {
  /** `--engine` */
  wish: string | undefined;
  /** The other database's. */
  beside: ServerVersion | undefined;
  file: { flavour: ServerVersion["flavour"] | undefined; version: string | undefined } | undefined;
  /** `copy.image` */
  image: string;
}

/** The server that a file is loaded into: the one asked for, else the other database's, else what the file or `copy.image` says. */
export function serverFor(path: string, { wish, beside, file, image }: FileServer): ServerVersion {
  const named = wish === undefined ? undefined : serverNamed(wish);
  if (wish !== undefined && !named) {
    throw usageError(
      `Cannot load ${path} into "${wish}": it names no engine and version`,
      "Write --engine postgres:17, mysql:9.7, mariadb:11.8 or sqlite",
    );
  }
  const own = file?.flavour && file.version ? { flavour: file.flavour, version: file.version } : undefined;
  const found = named ?? beside ?? own ?? serverNamed(image);
  if (found) return found;
  throw usageError(
    `Cannot load ${path}: it does not say which server it is for`,
    "Name one: --engine postgres:17, mysql:9.7, mariadb:11.8 or sqlite",
  );
}

async function runtimeOf(config: Config, call: Conversation): Promise<{ runtime: Runtime }> {
  const { openRuntime } = await import("../runtime/open.ts");
  return openRuntime(call.runtimeName ?? config.runtime, call.say);
}
