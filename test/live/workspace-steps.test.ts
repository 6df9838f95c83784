/**
 * Random steps of a developer, a machine and a killer against a model kept beside: what every workspace holds, every
 * snapshot, and what may be either way after a kill. `DITTO_TEST_SEED` repeats a run.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { SQL } from "bun";
import { type PrivateDockerd, startPrivateDockerd, whyNoPrivateDockerd } from "../lib/runtime/private-dockerd.ts";
import { POOL_TOOLS, readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Copy, soak } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";
import { randomFrom } from "./support/random.ts";

setDefaultTimeout(soak ? 3_600_000 : 300_000);

const STEPS = soak ? 200 : 16;
const SEED = Number(process.env.DITTO_TEST_SEED ?? 20261121);
/** More workspaces than these are deleted again, the oldest first. */
const WORKSPACES = 3;
const SNAPSHOTS = 6;

interface Field {
  runtime: "docker" | "podman" | "native";
  storage: "auto" | "pool" | "image";
  server: ServerImage;
}

const FIELDS: Field[] = [
  { runtime: "docker", storage: "pool", server: "postgres:17" },
  ...(soak
    ? ([
        { runtime: "docker", storage: "image", server: "postgres:17" },
        { runtime: "docker", storage: "pool", server: "mysql:9.7" },
        { runtime: "docker", storage: "image", server: "mysql:9.7" },
        { runtime: "docker", storage: "pool", server: "mariadb:11.8" },
        { runtime: "docker", storage: "image", server: "mariadb:11.8" },
        { runtime: "podman", storage: "image", server: "postgres:17" },
        { runtime: "podman", storage: "image", server: "mysql:9.7" },
        { runtime: "podman", storage: "image", server: "mariadb:11.8" },
        { runtime: "native", storage: "auto", server: "postgres:15" },
        { runtime: "native", storage: "auto", server: "mariadb:10.11" },
      ] as const)
    : []),
];

for (const field of FIELDS) {
  const missing = whyMissing(field);
  const title = `steps, ${field.server} on ${field.runtime}, storage ${field.storage}`;
  describe.skipIf(missing !== undefined)(`${title}${missing ? ` (${missing})` : ""}`, () => walk(field));
}

function whyMissing({ runtime, server }: Field): string | undefined {
  const { docker, podman, native, images } = readProvisioned();
  if (runtime === "native") {
    const found = server.startsWith("postgres") ? native.postgresBin : native.mariadbServer;
    return found === null ? "no native server" : undefined;
  }
  if (images[server] === undefined) return "no image";
  if (runtime === "podman") return podman.available ? undefined : podman.reason;
  return docker.available ? whyNoPrivateDockerd() : docker.reason;
}

type Rows = Map<number, string>;

interface Workspace {
  name: string;
  id: string;
  url: string;
  status: "ready" | "paused" | "stopped";
  rows: Rows;
  /** Name → rows. */
  snapshots: Map<string, Rows>;
  /** A transaction that is open, and the row that it would add. */
  open: { client: SQL; row: [number, string] } | undefined;
}

function walk({ runtime, storage, server }: Field): void {
  const random = randomFrom(SEED);
  const engine = server.startsWith("postgres") ? "postgres" : "mysql";
  const workspaces: Workspace[] = [];
  const told: string[] = [];
  let daemon: PrivateDockerd | undefined;
  let project: Project;
  let serial = 0;
  let base: Rows;

  const options = () => (daemon ? { env: { DOCKER_HOST: daemon.host } } : {});
  const must = (script: string, ...args: string[]) => project.must(script, args, options());
  const json = <T>(script: string, ...args: string[]) => project.json<T>(script, args, options());
  const next = () => ++serial;

  beforeAll(async () => {
    // Without a container the image's name still says which server a file is for.
    const image = readProvisioned().images[server] ?? server;
    if (runtime === "docker") daemon = await startPrivateDockerd({ images: [image, POOL_TOOLS] });
    project = await makeProject({ runtime, storage, copy: { image, keep_snapshots: 100 }, dump: { roles: "keep" } });
    if (storage === "pool") await must("pool", "create", "--size", "2G", "--tools-image", POOL_TOOLS);
    await must("reseed", "--from", join(import.meta.dir, `../fixtures/copies/${engine}.sql`));
    await make("first");
    const { url } = workspaces[0] as Workspace;
    base = await rowsIn(url);
    for (const workspace of workspaces) workspace.rows = new Map(base);
  });
  afterAll(async () => {
    if (storage === "pool") await project?.run("pool", ["delete", "--yes"], options());
    await project?.remove();
    await daemon?.stop();
  });

  async function make(name: string, ...args: string[]): Promise<Workspace> {
    const { id, connection_string: url } = await json<Copy>("copy", "create", "--name", name, ...args);
    const workspace: Workspace = {
      name,
      id,
      url,
      status: "ready",
      rows: new Map(base),
      snapshots: new Map(),
      open: undefined,
    };
    workspaces.push(workspace);
    return workspace;
  }

  /** A connection ends with its server: what it had not committed is gone. */
  async function forget(workspace: Workspace): Promise<void> {
    await workspace.open?.client.close({ timeout: 0 }).catch(() => {});
    workspace.open = undefined;
  }

  async function wake(workspace: Workspace): Promise<void> {
    if (workspace.status === "paused") await must("copy", "resume", workspace.name);
    if (workspace.status === "stopped") await must("copy", "start", workspace.name);
    workspace.status = "ready";
  }

  /** Whether the copy holds this; a killed command may have left it on its way. */
  async function settle(workspace: Workspace, candidates: Rows[]): Promise<void> {
    await forget(workspace);
    await must("copy", "url", workspace.name);
    const found = await rowsIn(workspace.url);
    const match = candidates.find((rows) => Bun.deepEquals(rows, found));
    expect(match === undefined ? `neither: ${found.size} rows` : "one of them").toBe("one of them");
    workspace.rows = new Map(found);
    workspace.status = "ready";
  }

  const steps: Record<string, (workspace: Workspace) => Promise<string | undefined>> = {
    async write(workspace) {
      await wake(workspace);
      const [id, name] = [10_000 + next(), `row ${serial}`];
      await using client = connect(workspace.url);
      await client.unsafe(`INSERT INTO items VALUES (${id}, '${name}', 1)`);
      workspace.rows.set(id, name);
      const gone = random.pick([...workspace.rows.keys()]);
      if (gone === workspace.open?.row[0]) return undefined;
      await client.unsafe(`DELETE FROM items WHERE id = ${gone}`);
      workspace.rows.delete(gone);
      return `${id} in, ${gone} out`;
    },
    async "leave open"(workspace) {
      await wake(workspace);
      if (workspace.open) return undefined;
      const client = connect(workspace.url);
      const row: [number, string] = [10_000 + next(), "open"];
      await client.unsafe("BEGIN");
      await client.unsafe(`INSERT INTO items VALUES (${row[0]}, '${row[1]}', 1)`);
      workspace.open = { client, row };
      return String(row[0]);
    },
    async commit(workspace) {
      if (!workspace.open || workspace.status !== "ready") return undefined;
      const { client, row } = workspace.open;
      await client.unsafe("COMMIT");
      await client.close();
      workspace.rows.set(...row);
      workspace.open = undefined;
      return String(row[0]);
    },
    async snapshot(workspace) {
      await wake(workspace);
      if (workspace.snapshots.size >= SNAPSHOTS) {
        const oldest = [...workspace.snapshots.keys()][0] ?? "";
        const { status, stderr } = await project.run(
          "snapshot",
          ["delete", `${workspace.name}/${oldest}`, "--yes"],
          options(),
        );
        if (status === 0) workspace.snapshots.delete(oldest);
        else expect(stderr).toContain("stands on it");
      }
      const name = `s${next()}`;
      await must("snapshot", "create", workspace.name, name);
      workspace.snapshots.set(name, new Map(workspace.rows));
      return name;
    },
    async "roll back"(workspace) {
      if (workspace.snapshots.size === 0) return undefined;
      const [name, rows] = random.pick([...workspace.snapshots]);
      await forget(workspace);
      await must("snapshot", "rollback", workspace.name, "--to", name);
      workspace.rows = new Map(rows);
      workspace.status = "ready";
      return name;
    },
    async reset(workspace) {
      await forget(workspace);
      await must("copy", "reset", workspace.name, "--yes");
      workspace.rows = new Map(base);
      workspace.status = "ready";
      return "to the base";
    },
    async clone(workspace) {
      await wake(workspace);
      await makeRoom(workspace);
      const name = `clone${next()}`;
      const { id, connection_string: url } = await json<Copy>("copy", "clone", workspace.name, "--name", name);
      const rows = new Map(workspace.rows);
      workspaces.push({ name, id, url, status: "ready", rows, snapshots: new Map(), open: undefined });
      return name;
    },
    async branch(workspace) {
      if (workspace.snapshots.size === 0) return undefined;
      const [from, rows] = random.pick([...workspace.snapshots]);
      await makeRoom(workspace);
      const made = await make(`branch${next()}`, "--from", `${workspace.name}/${from}`);
      made.rows = new Map(rows);
      return `${made.name} from ${from}`;
    },
    async pause(workspace) {
      if (workspace.status !== "ready") return undefined;
      await must("copy", "pause", workspace.name);
      workspace.status = "paused";
      return "";
    },
    async resume(workspace) {
      if (workspace.status !== "paused") return undefined;
      await wake(workspace);
      return "";
    },
    async stop(workspace) {
      if (workspace.status !== "ready") return undefined;
      await forget(workspace);
      await must("copy", "stop", workspace.name);
      workspace.status = "stopped";
      return "";
    },
    async "kill a snapshot"(workspace) {
      await wake(workspace);
      const name = `k${next()}`;
      const at = await killed(["snapshot", "create", workspace.name, name]);
      await settle(workspace, [workspace.rows]);
      const listed = await json<{ name: string }[]>("snapshot", "list", workspace.name);
      if (listed.some((one) => one.name === name)) workspace.snapshots.set(name, new Map(workspace.rows));
      return at;
    },
    async "kill a rollback"(workspace) {
      if (workspace.snapshots.size === 0) return undefined;
      await wake(workspace);
      const [name, rows] = random.pick([...workspace.snapshots]);
      const at = await killed(["snapshot", "rollback", workspace.name, "--to", name]);
      await settle(workspace, [workspace.rows, rows]);
      return `${at}, to ${name}`;
    },
    async "kill a clone"(workspace) {
      await wake(workspace);
      await makeRoom(workspace);
      const name = `killed${next()}`;
      const at = await killed(["copy", "clone", workspace.name, "--name", name]);
      await settle(workspace, [workspace.rows]);
      const made = (await json<Copy[]>("copy", "list")).find((copy) => copy.name === name);
      // What was half made goes by itself, with the sweep that this very list began.
      if (made) {
        const { status, stderr } = await project.run("copy", ["delete", made.id, "--yes"], options());
        expect(status === 0 || stderr.includes("there is none of this name or id")).toBe(true);
      }
      return at;
    },
    async "restart the daemon"() {
      if (!daemon) return undefined;
      await Promise.all(workspaces.map(forget));
      await daemon.restart();
      for (const workspace of workspaces) {
        workspace.status = "stopped";
        await wake(workspace);
      }
      return "";
    },
  };

  async function makeRoom(but: Workspace): Promise<void> {
    if (workspaces.length < WORKSPACES) return;
    const gone = workspaces.find((workspace) => workspace !== but) as Workspace;
    await forget(gone);
    await must("copy", "delete", gone.name, "--yes");
    workspaces.splice(workspaces.indexOf(gone), 1);
  }

  /** Runs a command and kills it at a random moment, if it has not ended by then. */
  async function killed([script = "", ...args]: string[]): Promise<string> {
    const running = project.start(script, args, options());
    const at = random.below(1500);
    await Promise.race([Bun.sleep(at), running.done]);
    running.kill("SIGKILL");
    await running.done;
    return `after ${at} ms`;
  }

  test(`${STEPS} random steps: after each, all data equals the model (seed ${SEED})`, async () => {
    const names = Object.keys(steps);
    for (let at = 0; at < STEPS; ) {
      const [name, workspace] = [random.pick(names), random.pick(workspaces)];
      try {
        const what = await steps[name]?.(workspace);
        if (what === undefined) continue;
        told.push(`${++at}. ${workspace.name}: ${name} ${what}`);
        for (const { url, status, rows } of workspaces) {
          if (status === "ready") expect(await rowsIn(url)).toEqual(rows);
        }
      } catch (error) {
        throw new Error(`at ${workspace.name}: ${name}, after\n${told.slice(-20).join("\n")}`, { cause: error });
      }
    }
  });

  test("every snapshot that is left still has its rows, and nothing is left at the end", async () => {
    for (const workspace of [...workspaces]) {
      for (const [name, rows] of workspace.snapshots) {
        await forget(workspace);
        await must("snapshot", "rollback", workspace.name, "--to", name);
        expect(await rowsIn(workspace.url)).toEqual(rows);
      }
    }
    await must("copy", "delete", "--all", "--yes");
    for (const { copy, name } of await json<{ copy: string; name: string }[]>("snapshot", "list")) {
      await must("snapshot", "delete", `${copy}/${name}`, "--yes");
    }
    await must("copy", "prune");
    expect(await json<Copy[]>("copy", "list")).toEqual([]);
    const left = project
      .files()
      .filter((file) => /^((copies|tmp|work)|snapshots\/[^/]+)\/./.test(file) || file.endsWith(".tmp"));
    expect(left).toEqual([]);
  });
}

function connect(url: string): SQL {
  return new SQL(url, { max: 1, connectionTimeout: 20 });
}

async function rowsIn(url: string): Promise<Rows> {
  await using client = connect(url);
  const rows = (await client.unsafe("SELECT id, name FROM items ORDER BY id")) as { id: number; name: string }[];
  return new Map(rows.map(({ id, name }) => [Number(id), name]));
}
