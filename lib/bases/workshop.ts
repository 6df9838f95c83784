import type { ServerEngine, ServerVersion } from "../engine/index.ts";
import { ADMIN } from "../engine/postgres/server.ts";
import { interrupted } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import type { Child } from "../kit/exec.ts";
import type { ServerToolbox } from "../runtime/index.ts";

/** The empty server of a workshop, running on its socket. */
export interface WorkshopServer {
  /** What it has said on stderr, in memory only: it may quote rows. */
  errors(): string;
  /** Stops it cleanly; its files are then complete. */
  stop(): Promise<void>;
}

/** The version of the server that the workshop has, which need not be the source's. Throws `IMAGE_UNFIT` when it has none. */
export async function serverInside(
  engine: ServerEngine,
  server: ServerVersion,
  workshop: ServerToolbox,
): Promise<ServerVersion> {
  const { status, stdout } = await workshop.run(engine.serverTool(server));
  if (status !== 0) {
    throw new DittoError(`Cannot build the base: the image has no server of ${server.flavour}`, {
      code: "IMAGE_UNFIT",
      hint: `Name an image of ${engine.image(server)} in copy.image, or leave it out`,
    });
  }
  const version = /\b\d+(?:\.\d+)+/.exec(stdout)?.[0];
  return version === undefined ? server : { ...server, version };
}

/** Makes an empty server in a workshop and waits until it answers. It behaves as the source's traits say, where an engine has such. */
export async function startWorkshopServer(
  engine: ServerEngine,
  server: ServerVersion,
  workshop: ServerToolbox,
  options: {
    settings: Record<string, string>;
    traits: Record<string, string>;
    /** A server of raw rows, and where it listens besides its socket. */
    staging?: { listen: { port: number; listen: string } | undefined };
  },
): Promise<WorkshopServer> {
  const birth = engine.initialiseScript(workshop.place, server, options.traits);
  const made = await workshop.run({ tool: "sh", args: ["-c", birth] });
  if (made.status !== 0) throw broken("the empty server could not be made", made.stderr);
  const script = engine.serveScript({
    place: workshop.place,
    ...(options.staging?.listen ?? { port: undefined, listen: "" }),
    purpose: options.staging ? "staging" : "build",
    settings: options.settings,
    server,
  });
  const child = await workshop.start({ tool: "sh", args: ["-c", script] });
  await untilReady(engine, server, workshop, child);
  return {
    errors: child.errorsSoFar,
    async stop() {
      const stopped = await workshop.run(engine.stopCommand(workshop.place, server));
      if (stopped.status !== 0) throw broken("the server does not stop", stopped.stderr);
      await child.done;
    },
  };
}

async function untilReady(
  engine: ServerEngine,
  server: ServerVersion,
  workshop: ServerToolbox,
  child: Child,
): Promise<void> {
  let ended: number | undefined;
  child.done.then(({ status }) => {
    ended = status;
  });
  const until = Date.now() + 120_000;
  for (let asked = Date.now(); Date.now() < until && ended === undefined && !interrupted(); await Bun.sleep(20)) {
    // Its own word is free, a question costs a process; in case it doesn't say so, it is asked all the same.
    if (!/ready (to accept|for) connections/.test(child.errorsSoFar()) && Date.now() - asked < 1_000) continue;
    if (await answers(engine, server, workshop)) return;
    asked = Date.now();
  }
  throw broken(
    ended === undefined ? "the empty server does not answer" : `the empty server ended with status ${ended}`,
    child.errorsSoFar(),
  );
}

async function answers(engine: ServerEngine, server: ServerVersion, workshop: ServerToolbox): Promise<boolean> {
  const { place } = workshop;
  if (workshop.hasClientTools !== false) {
    return (await workshop.run(engine.adminClient(place, undefined, server), { input: "SELECT 1;\n" })).status === 0;
  }
  const access = {
    host: "localhost",
    port: engine.defaultPort,
    user: ADMIN,
    password: "",
    database: "postgres",
    params: {},
    dropped: [],
  };
  const session = await engine.connect({ engine: engine.name, socket: place.run, ...access }).catch(() => undefined);
  await session?.close();
  return session !== undefined;
}

function broken(state: string, said: string): DittoError {
  const last = said.trim().split("\n").slice(-3).join("; ");
  if (/No space left on device/i.test(said)) {
    return new DittoError("Cannot build the base: the disk is full", {
      code: "DISK_FULL",
      hint: "Free space and run the command again; the previous base is untouched",
    });
  }
  return new DittoError(`Cannot build the base: ${state}${last ? ` (${last})` : ""}`, {
    code: "WORKSHOP_FAILED",
    hint: "Check that the image in copy.image is one of this engine and version; --verbose shows each step",
  });
}
