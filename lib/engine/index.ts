import type { DatabaseUrl } from "../kit/url.ts";
import type { StatementWatch } from "./watch.ts";

/** An engine that runs servers. SQLite is an engine for comparing and drawing only and has none. */
export type EngineName = "postgres" | "mysql";

/** Whose server it is; MySQL and MariaDB share an engine, not a dialect. */
export type Flavour = "postgres" | "mysql" | "mariadb";

/** A server's version as it says itself, e.g. `17.6` or `11.8.3`. */
export interface ServerVersion {
  flavour: Flavour;
  version: string;
}

/** A command as data: a runtime decides whether it becomes `docker exec …` or the host's own binary. */
export interface ToolCommand {
  /** The tool's names, the first that is found is taken: `["mariadb-dump", "mysqldump"]`. */
  tool: string | string[];
  args: string[];
  /** Secrets may stand here, never in `args`. */
  env?: Record<string, string>;
  /** Content of a 0600 file made for the run; `{secretFile}` in `args` becomes its path. */
  secretFile?: string;
}

/** A session with a database through the engine's driver. Errors of the server carry SQLSTATE as `code`. */
export interface Session {
  readonly server: ServerVersion;
  readonly database: string;
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Where a server's files lie, as the server sees it: `data/` below `directory`, its socket in `run` (0700). */
export interface Place {
  directory: string;
  run: string;
}

/** How a copy is reached and what makes it its own. */
export interface ServeOptions {
  place: Place;
  /** The TCP port inside the server's own network; undefined: socket only. */
  port: number | undefined;
  /** The address to listen on. */
  listen: string;
  /** `build`: a base is frozen from it. `staging`: as that, but short of memory, in which its files lie, and thrown away. */
  purpose: "build" | "staging" | "copy";
  /** Server settings of the user's, over ours. */
  settings: Record<string, string>;
  server: ServerVersion;
}

/** Engine knowledge about servers. Nothing here starts a process. */
export interface ServerEngine {
  readonly name: EngineName;
  readonly defaultPort: number;
  /** The official image of this version: `postgres:17`, `mysql:9.7`, `mariadb:11.8`. */
  image(server: ServerVersion): string;
  /** The user that the image runs its server as. */
  imageUser(server: ServerVersion): string;
  /** A file that only an installation of this server has on PATH, and how to ask its version. */
  serverTool(server: ServerVersion): ToolCommand;
  /** POSIX sh that makes an empty data directory in `place`. Runs as the server's user; some traits are for life. */
  initialiseScript(place: Place, server: ServerVersion, traits?: Record<string, string>): string;
  /** A look's traits that are server settings of the base's server and of its copies. */
  settingsFromTraits?(traits: Record<string, string>): Record<string, string>;
  /**
   * POSIX sh that runs the server in the foreground until SIGTERM or SIGINT, which stop it cleanly. It first takes
   * `<directory>/start.sql`, if there is one, runs it before any outsider can log in, and deletes it.
   */
  serveScript(options: ServeOptions): string;
  /** The content of `start.sql` for a copy: user `ditto` with this password and nobody else who can log in. */
  startSql(access: { user: string; password: string; database: string; server: ServerVersion }): string;
  /** Lets an ordinary role of the copy log in. Throws `ROLE_MISSING` naming those that there are. */
  openRole(session: Session, role: string, password: string): Promise<void>;
  /** Settings under which {@link clientsInLog} sees every login; undefined where the server counts them itself. */
  readonly loginLog?: Record<string, string>;
  /** Logins in a server's log that were not ditto's. */
  clientsInLog?(log: string): number;
  /** Its socket in `place`, as {@link DatabaseUrl} names it. */
  socketIn(place: Place): string;
  /** A client that reads SQL from stdin over the socket as the server's administrator and fails on the first error. */
  adminClient(place: Place, database: string | undefined, server: ServerVersion): ToolCommand;
  /** The database's own interactive client for a person. */
  userClient(access: DatabaseUrl, server: ServerVersion, sql?: string): ToolCommand;
  /** As {@link userClient}, reading SQL from stdin without commands of the client's own, to the first error. */
  scriptClient(access: DatabaseUrl, server: ServerVersion): ToolCommand;
  /** The line, counted from 1, of what {@link scriptClient} read, and what the server says, in what it wrote to stderr. */
  scriptError(stderr: string): { line: number; message: string } | undefined;
  /** Writes the schema, without rows, to stdout. */
  schemaDump(access: DatabaseUrl, server: ServerVersion): ToolCommand;
  /** What in that says nothing of the schema is taken out, and the same schema gives the same text. */
  normaliseDump(text: string): string;
  /** Stops a running server cleanly and waits until its files are complete. */
  stopCommand(place: Place, server: ServerVersion): ToolCommand;
  /** Looks what a frozen state of this server would lack. */
  uncaptured(look: FreezeLook): Promise<Uncaptured>;
  /** Writes what is in memory to the files, so that a server on a frozen state has little to recover. */
  checkpoint(session: Session): Promise<void>;
  /** How what clients do is watched, with the locks that it takes. */
  readonly watch: StatementWatch;
  /** Connects through the driver. Throws DittoErrors that say what to do: unreachable, password, no such database. */
  connect(target: DatabaseUrl, options?: ConnectOptions): Promise<Session>;
}

/** A server that is about to be frozen. */
export interface FreezeLook {
  session: Session;
  /** Opens another database of it. */
  connect(database: string): Promise<Session>;
  /** It will be stopped for it. */
  stopped: boolean;
  /** Servers on clones see their files where this one does. */
  samePlace: boolean;
}

/** What a frozen state lacks, in words with the names of tables and files. */
export interface Uncaptured {
  lost: string[];
  /** Data files outside of the server's directory. */
  elsewhere: string[];
}

export interface ConnectOptions {
  /** Milliseconds until an unanswered connect fails; 10,000 when left out. */
  timeoutMs?: number;
  /** A session for reading a source: read-only, named `ditto`, with the settings that dump tools set. */
  guest?: boolean;
  /** Milliseconds until a guest's statement is given up; without limit when left out. */
  statementMs?: number;
}
