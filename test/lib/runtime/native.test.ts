import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { access, chmod, chown, mkdtemp, readdir, readlink, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { servers } from "../../../lib/engine/engines.ts";
import type { Flavour, ServerVersion, Session } from "../../../lib/engine/index.ts";
import { run, start } from "../../../lib/kit/exec.ts";
import { ownerAlive } from "../../../lib/kit/owner.ts";
import { homeId, newId } from "../../../lib/kit/state.ts";
import type { DatabaseUrl } from "../../../lib/kit/url.ts";
import type { Frozen, ServeRequest, Workshop } from "../../../lib/runtime/index.ts";
import { findServer, nativeRoot, openNative } from "../../../lib/runtime/native/index.ts";
import { soak } from "../../live/support/ground.ts";

const isRoot = process.getuid?.() === 0;
const SLOW = 120_000;
const { DITTO_HOME } = process.env;
const runtime = openNative(() => {});
let folder: string;

/** The host's own servers, and one that it has not. */
const found = {
  postgres: await installed("postgres", ["15", "17", "18", "16", "14", "13", "12"]),
  mariadb: await installed("mariadb", ["10.4"]),
};
const absent = ["17", "16", "18"].find((major) => found.postgres?.version.split(".")[0] !== major) ?? "17";
const embedded: ServerVersion | undefined =
  process.env.DITTO_OFFLINE === "1" ? undefined : { flavour: "postgres", version: absent };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ditto-native-"));
  process.env.DITTO_HOME = join(folder, "home");
});

afterAll(async () => {
  const root = await nativeRoot();
  await rm(root, { recursive: true, force: true });
  // Another state folder's may lie beside it.
  if (isRoot) await rmdir(dirname(root)).catch(() => {});
  if (DITTO_HOME === undefined) delete process.env.DITTO_HOME;
  else process.env.DITTO_HOME = DITTO_HOME;
  await rm(folder, { recursive: true, force: true });
});

const SERVERS = [
  ["Postgres of this host", found.postgres],
  ["MariaDB of this host", found.mariadb],
  ["the embedded Postgres", embedded],
] as const;

for (const [title, server] of soak ? SERVERS : SERVERS.slice(0, 2)) {
  if (!server) console.error(`SKIPPED ${title} in ${import.meta.path}: it is not installed, or DITTO_OFFLINE is set`);
  describe.skipIf(!server)(title, () => lifeOf(server ?? { flavour: "postgres", version: "0" }));
}

function lifeOf(server: ServerVersion): void {
  const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  let base: Frozen;

  beforeAll(async () => {
    base = await build(server);
  }, SLOW);

  afterAll(async () => {
    await runtime.removeFrozen(base);
    expect(await runtime.exists(base)).toBe(false);
    expect(await leftovers()).toEqual([]);
  });

  afterEach(async () => {
    const left = (await ourThings()).filter(({ kind }) => kind !== "base");
    // A failed test must not leave servers running, nor fail the next one.
    for (const thing of left) await runtime.removeThing(thing);
    expect(left).toEqual([]);
    expect(await readdir(join(await nativeRoot(), "tmp"))).toEqual([]);
  });

  test("a base is a stopped server's directory that only its user can enter", async () => {
    expect(base).toMatchObject({ runtime: "native", volumes: [] });
    expect(base.reference).toMatch(/^bases\/[0-9a-z]+$/);
    expect(await runtime.exists(base)).toBe(true);
    expect(base.bytes).toBeGreaterThan(1_000_000);
    const place = await stat(join(await nativeRoot(), base.reference, "place"));
    expect([place.mode & 0o777, `${place.uid}:${place.gid}`]).toEqual([0o700, base.owner]);
    expect(place.uid).not.toBe(0);
    const bases = (await ourThings()).map(({ kind, id, running }) => ({ kind, id, running }));
    expect(bases).toEqual([{ kind: "base", id: base.reference.slice("bases/".length), running: false }]);
  });

  test(
    "a copy holds what the base holds, under a password of its own, and leaves nothing behind",
    async () => {
      const copy = await serve(server, base);
      const session = await login(server, copy.access);
      expect(await session.query("SELECT count(*) AS n FROM t")).toEqual([{ n: expect.anything() }]);
      await session.query("INSERT INTO t VALUES (3)");
      await session.close();
      const wrong = engine.connect({ ...copy.access, password: "wrong-password" });
      await expect(wrong).rejects.toMatchObject({ code: expect.stringMatching(/WRONG_PASSWORD|ACCESS/) });

      expect(await runtime.state(copy.id)).toBe("running");
      expect(await runtime.logs(copy.id)).toMatch(/ready (to accept|for) connections/);
      expect(await runtime.usage(copy.id, base)).toBeNumber();
      expect((await ourThings()).find(({ kind }) => kind === "copy")).toMatchObject({ id: copy.id, running: true });
      const pids = await processesIn(join(await nativeRoot(), "copies", copy.id));
      expect(pids.length).toBeGreaterThan(0);

      await runtime.removeCopy(copy.id, base);
      expect(await runtime.state(copy.id)).toBe("missing");
      expect(await processesIn(join(await nativeRoot(), "tmp"))).toEqual([]);
      // Shared memory names its maker; a killed Postgres leaves some behind.
      const makers = (await run(["ipcs", "-m", "-p"], { check: false })).stdout.split(/\s+/);
      expect(pids.filter((pid) => makers.includes(String(pid)))).toEqual([]);
    },
    SLOW,
  );

  test(
    "copies don't touch each other nor the base",
    async () => {
      const [one, other] = [await serve(server, base), await serve(server, base)];
      const first = await login(server, one.access);
      await first.query("DELETE FROM t");
      await first.close();
      const second = await login(server, other.access);
      const [row] = await second.query<{ n: unknown }>("SELECT count(*) AS n FROM t");
      expect(Number(row?.n)).toBe(2);
      await second.close();
      await Promise.all([one, other].map(({ id }) => runtime.removeCopy(id, base)));
    },
    SLOW,
  );

  test(
    "tools inside a copy are the server's own, as its user",
    async () => {
      const copy = await serve(server, base);
      const tools = await runtime.insideCopy(copy.id, base);
      expect((await tools.run({ tool: "id", args: ["-u"] })).stdout.trim()).toBe(base.owner.split(":")[0] ?? "");
      const { tool, args } = engine.serverTool(server);
      expect((await tools.run({ tool, args })).stdout).toContain(server.version);
      await tools.close();
      await runtime.removeCopy(copy.id, base);
    },
    SLOW,
  );

  test("a server that ends by itself is seen, and its log says why", async () => {
    const copy = await serve(server, base, { script: () => "echo the reason >&2; exit 1" });
    await until(async () => (await runtime.state(copy.id)) === "exited");
    expect(await runtime.logs(copy.id)).toBe("the reason\n");
    await runtime.removeCopy(copy.id, base);
  });

  test("a taken port is refused before anything is made", async () => {
    const blocker = createServer();
    await new Promise<void>((done) => blocker.listen(0, "127.0.0.1", done));
    const { port } = blocker.address() as { port: number };
    await expect(serve(server, base, { port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
    blocker.close();
  });

  test("a base whose directory is gone is named", async () => {
    const gone = { ...base, reference: "bases/gone" };
    await expect(serve(server, gone)).rejects.toMatchObject({ code: "BASE_GONE" });
    expect(await runtime.exists(gone)).toBe(false);
  });

  test("a copy that can't be finished leaves nothing behind", async () => {
    await expect(serve(server, base, { files: { "no/such/folder": "" } })).rejects.toThrow();
  });

  test(
    "a ditto killed while it builds leaves no server, and what it made is swept",
    async () => {
      const { folder: half, thing } = await killedWhile("building", server, base);
      await until(async () => (await processesIn(half)).length === 0);
      expect(thing).toMatchObject({ kind: "tool", running: false });
      expect(await ownerAlive(thing.owner)).toBe(false);
      await runtime.removeThing(thing);
    },
    SLOW,
  );

  test(
    "a ditto killed right after it started a copy leaves one that is known, and can be removed",
    async () => {
      const { folder: copy, thing } = await killedWhile("serving", server, base);
      expect(thing).toMatchObject({ kind: "copy", running: true });
      expect(await ownerAlive(thing.owner)).toBe(false);
      await runtime.removeThing(thing);
      expect(await processesIn(copy)).toEqual([]);
    },
    SLOW,
  );
}

test("a clone by wish: reflink where it can't is refused before the build, pool and image are for containers", async () => {
  const request = { id: newId(), image: "", user: "", server: { flavour: "nothing", version: "1" } };
  await expect(runtime.openWorkshop({ ...request, storage: "image" })).rejects.toMatchObject({ exit: 2 });
  await expect(runtime.openWorkshop({ ...request, storage: "pool" })).rejects.toMatchObject({ exit: 2 });
});

test.each(["bases/..", "bases/", "copies/x", "/etc", "bases/a/b", "bases/../../etc", ""])(
  "%p is no base, whatever a record says",
  async (reference) => {
    const from: Frozen = {
      runtime: "native",
      method: "copy",
      reference,
      bytes: 0,
      image: "/",
      owner: "1:1",
      volumes: [],
    };
    await expect(runtime.removeFrozen(from)).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    await expect(runtime.exists(from)).rejects.toMatchObject({ code: "UNSAFE_PATH" });
  },
);

test.skipIf(!found.postgres)("client tools for the source are as old as it at most", async () => {
  const workshop = await runtime.openWorkshop({ ...workshopOf(found.postgres), id: newId() });
  const newer = { flavour: "postgres", version: "99" };
  const request = { id: newId(), image: "", reach: { host: "localhost" }, workshop };
  await expect(runtime.openToolbox({ ...request, server: newer })).rejects.toMatchObject({
    code: "CLIENT_MISSING",
    message: expect.stringContaining("older than 99"),
  });
  const toolbox = await runtime.openToolbox({ ...request, server: workshopOf(found.postgres).server });
  expect((await toolbox.run({ tool: "pg_dump", args: ["--version"] })).stdout).toContain(found.postgres?.version ?? "");
  expect(toolbox.work).toBe(workshop.work);
  await toolbox.close();
  await workshop.close();
});

test.skipIf(!found.postgres || process.platform !== "linux")(
  "where the system lets us, a workshop has no network",
  async () => {
    const workshop = await runtime.openWorkshop({ ...workshopOf(found.postgres), id: newId() });
    const { stdout } = await workshop.run({ tool: "cat", args: ["/proc/net/dev"] });
    if (isRoot) expect(stdout).not.toMatch(/^\s*(eth|en|wl)/m);
    await workshop.close();
  },
);

test.skipIf(!isRoot)(
  "all of this holds for an ordinary user",
  async () => {
    const home = await mkdtemp(join(tmpdir(), "ditto-user-"));
    await chown(home, 65534, 65534);
    await chmod(home, 0o755);
    const user = [
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      "env",
      `HOME=${home}`,
      `TMPDIR=${home}`,
    ];
    const nested = [process.execPath, "test", "--timeout=60000", import.meta.path];
    const { status, stdout, stderr } = await run([...user, ...nested], { check: false, cwd: home });
    await rm(home, { recursive: true });
    if (status !== 0) console.error(stdout, stderr);
    expect(status).toBe(0);
    expect(stderr).not.toContain("SKIPPED");
  },
  5 * SLOW,
);

async function installed(flavour: Flavour, versions: string[]): Promise<ServerVersion | undefined> {
  for (const version of versions) {
    const server = await findServer({ flavour, version });
    if ("version" in server) return { flavour, version: server.version };
  }
  return undefined;
}

function workshopOf(server: ServerVersion | undefined) {
  return { image: "", user: "", server: server ?? { flavour: "", version: "" }, storage: "auto" as const };
}

/** A base with one table of two rows, made through the driver, as without client tools. */
async function build(server: ServerVersion): Promise<Frozen> {
  const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  const workshop = await runtime.openWorkshop({ ...workshopOf(server), id: newId() });
  try {
    await workshop.run({ tool: "sh", args: ["-c", engine.initialiseScript(workshop.place, server)] });
    const child = await workshop.start({ tool: "sh", args: ["-c", buildScript(server, workshop)] });
    const admin =
      server.flavour === "postgres" ? { user: "ditto", database: "postgres" } : { user: "root", database: "" };
    const socket = server.flavour === "postgres" ? workshop.place.run : join(workshop.place.run, "mysqld.sock");
    const access = { ...accessOf(server, 5432), ...admin, password: "", socket };
    const session = await login(server, access);
    await session.query("CREATE DATABASE app");
    await session.close();
    const app = await login(server, { ...access, database: "app" });
    await app.query("CREATE TABLE t (id int PRIMARY KEY)");
    await app.query("INSERT INTO t VALUES (1), (2)");
    await app.close();
    expect((await workshop.run(engine.stopCommand(workshop.place, server))).status).toBe(0);
    expect((await child.done).status).toBe(0);
    return await workshop.freeze(newId());
  } finally {
    await workshop.close();
  }
}

function buildScript(server: ServerVersion, { place }: Workshop): string {
  const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  return engine.serveScript({ place, port: undefined, listen: "", purpose: "build", settings: {}, server });
}

async function serve(server: ServerVersion, from: Frozen, change: Partial<ServeRequest> = {}) {
  const request = { ...(await serveRequest(server, from)), ...change };
  await runtime.serve(request);
  return { id: request.id, access: accessOf(server, request.port) };
}

async function serveRequest(server: ServerVersion, from: Frozen): Promise<ServeRequest> {
  const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  return {
    id: newId(),
    from,
    script: (place, network) => engine.serveScript({ place, ...network, purpose: "copy", settings: {}, server }),
    files: { "start.sql": engine.startSql({ user: "ditto", password: "right-password", database: "app", server }) },
    serverPort: engine.defaultPort,
    bind: "127.0.0.1",
    port: await freePort(),
    expiresAt: null,
    network: "closed",
    joins: [],
  };
}

function accessOf(server: ServerVersion, port: number): DatabaseUrl {
  const engine = server.flavour === "postgres" ? "postgres" : "mysql";
  return {
    engine,
    host: "127.0.0.1",
    port,
    user: "ditto",
    password: "right-password",
    database: "app",
    params: {},
  } as DatabaseUrl;
}

/** Logs in as soon as the server lets us. */
async function login(server: ServerVersion, access: DatabaseUrl): Promise<Session> {
  const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  for (const end = Date.now() + 30_000; ; await Bun.sleep(20)) {
    try {
      return await engine.connect(access, { timeoutMs: 3000 });
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** Runs ditto in another process and kills it in the middle; gives what it left behind. */
async function killedWhile(moment: "building" | "serving", server: ServerVersion, from: Frozen) {
  const lib = (path: string) => JSON.stringify(resolve(import.meta.dir, "../../../lib", path));
  const engine = server.flavour === "postgres" ? "postgres" : "mysql";
  const request = await serveRequest(server, from);
  const script = request.script(
    { directory: join(await nativeRoot(), "copies", request.id, "place"), run: join(folder, "run") },
    { port: request.port, listen: request.bind },
  );
  const source = `
    import { openNative } from ${lib("runtime/native/index.ts")};
    import { servers } from ${lib("engine/engines.ts")};
    const runtime = openNative(() => {});
    const [server, request, engine] = [${JSON.stringify(server)}, ${JSON.stringify(request)}, servers.${engine}];
    if (${JSON.stringify(moment)} === "building") {
      const workshop = await runtime.openWorkshop({ id: request.id, image: "", user: "", server, storage: "auto" });
      await workshop.run({ tool: "sh", args: ["-c", engine.initialiseScript(workshop.place, server)] });
      const script = engine.serveScript({ place: workshop.place, listen: "", purpose: "build", settings: {}, server });
      await workshop.start({ tool: "sh", args: ["-c", script] });
    } else {
      const script = ${JSON.stringify(script)}.replaceAll(${JSON.stringify(join(folder, "run"))}, "RUN");
      await runtime.serve({ ...request, script: ({ run }) => script.replaceAll("RUN", run) });
    }
    await Bun.write(${JSON.stringify(join(folder, "reached"))}, "");
    await Bun.sleep(100_000);`;
  await writeFile(join(folder, "killed.ts"), source);
  const ditto = start([process.execPath, join(folder, "killed.ts")]);
  const place = join(await nativeRoot(), moment === "building" ? "tmp" : "copies", request.id);
  await until(() => exists(join(folder, "reached")));
  await until(async () => (await processesIn(place)).length > 1);
  ditto.kill("SIGKILL");
  await ditto.done;
  await rm(join(folder, "reached"));
  const thing = (await ourThings()).find(({ id }) => id === request.id);
  if (!thing) throw new Error("nothing was left behind");
  return { folder: place, thing };
}

async function ourThings() {
  const home = await homeId();
  return (await runtime.things()).filter((thing) => thing.home === home);
}

async function leftovers(): Promise<string[]> {
  return (await ourThings()).map(({ reference }) => reference);
}

/** Pids with their working directory below a folder. */
async function processesIn(path: string): Promise<number[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const homes = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return pids.filter((_, at) => homes[at]?.startsWith(`${path}/`)).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await condition()); await Bun.sleep(20)) {
    if (Date.now() > end) throw new Error(`waited too long for ${condition}`);
  }
}
