import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { filesHolding, markNow } from "./support/disk-search.ts";
import { ask, type Copy, configOf, onEachGround, testWhere } from "./support/ground.ts";
import { homeIdOf, makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

const FIXTURE = join(import.meta.dir, "../fixtures/staging.ts");
const PEOPLE = 1000;

interface Held {
  rows: { found: number | string }[];
  warnings: string[];
  host: string;
  port: number;
  socket?: string;
}

interface Base {
  id: string;
  raw: boolean;
  masked: boolean;
  dump_key: string;
  current: boolean;
  origin?: string;
  rows: number;
}

onEachGround("raw files", (stage) => {
  const { ground } = stage;
  // Compressed, the file itself doesn't hold it.
  const marker = randomBytes(20).toString("hex");
  const count = `SELECT count(*) AS found FROM people WHERE email LIKE '${marker}%'`;
  let file = "";
  let moment = "";

  const people = (text: string) => {
    const rows = Array.from({ length: PEOPLE }, (_, at) => `(${at}, '${text}-${at}@example.org')`);
    return `CREATE TABLE people (id int PRIMARY KEY, email varchar(200));\nINSERT INTO people VALUES\n${rows.join(",\n")};\n`;
  };
  const rules = { rules: [{ table: "people", column: "email", strategy: "redact" }] };

  function fixture(...args: string[]) {
    return Bun.spawn([process.execPath, FIXTURE, ...args], {
      cwd: stage.project.folder,
      env: { ...process.env, ...stage.env, NO_COLOR: "1" },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
  }

  /** A staging server with the file, held until `end`. */
  async function held(where: "memory" | "disk", from = file): Promise<Held & { child: ReturnType<typeof fixture> }> {
    const child = fixture(from, where, count);
    const { value } = await child.stdout.getReader().read();
    return { ...(JSON.parse(new TextDecoder().decode(value)) as Held), child };
  }

  async function end({ child }: { child: ReturnType<typeof fixture> }): Promise<void> {
    child.stdin.end();
    expect(await child.exited).toBe(0);
  }

  /** What there is of staging servers: containers, folders in memory and on disk. */
  async function stagings(): Promise<string[]> {
    const containers = (await stage.project.traces()).filter((trace) => trace.endsWith("-staging"));
    const home = homeIdOf(stage.project.home) ?? "";
    const memory = `/dev/shm/ditto-${process.getuid?.()}/${home}`;
    const roots = [`${memory}/tmp`, `${memory}/work`, `/var/lib/ditto/${home}/tmp`];
    return [...containers, ...roots.flatMap((root) => (existsSync(root) ? readdirSync(root) : []))];
  }

  /** Its port opens to nobody but who has the password, and it can write to nothing but memory. */
  async function lookAtContainer({ host, port }: Held): Promise<void> {
    expect(host).toBe("127.0.0.1");
    const scheme = ground.engine === "postgres" ? "postgres" : "mysql";
    for (const login of ["ditto", "ditto:wrong", "root"]) {
      expect(await ask(`${scheme}://${login}@${host}:${port}/app`, "SELECT 1").catch(() => "refused")).toBe("refused");
    }
    const [container = ""] = await stagings();
    const { stdout } = await stage.tool("inspect", container.replace("container ", ""));
    const [{ HostConfig: facts }] = JSON.parse(stdout);
    expect(facts.ReadonlyRootfs).toBe(true);
    expect(facts.LogConfig.Type).toBe("none");
  }

  beforeAll(() => {
    file = stage.project.write("people.sql.gz", gzipSync(people(marker)));
    moment = markNow(stage.project.folder);
  });

  test("lie in memory: no disk of this machine gets a byte of them, while they are held and afterwards", async () => {
    const staging = await held("memory");
    expect(Number(staging.rows[0]?.found)).toBe(PEOPLE);
    expect(staging.warnings).toEqual([]);
    expect(await stagings()).not.toEqual([]);
    if (ground.runtime !== "native") await lookAtContainer(staging);
    // What a server writes behind our back it writes within seconds.
    await Bun.sleep(3_000);
    expect(await filesHolding(marker, moment)).toEqual([]);
    await end(staging);
    expect(await filesHolding(marker, moment)).toEqual([]);
    expect(await stagings()).toEqual([]);
  });

  test("on disk, as a control, are found there, which is said; after a kill they are swept", async () => {
    const { child, warnings } = await held("disk");
    expect(warnings).toEqual([expect.stringContaining("The raw rows were on this machine's disk")]);
    await until(async () => (await filesHolding(marker, moment)).length > 0, 60_000);
    child.kill("SIGKILL");
    await child.exited;
    await stage.project.must("copy", ["prune"]);
    expect(await stagings()).toEqual([]);
    expect(await filesHolding(marker, moment)).toEqual([]);
  });

  test("go at once with a command that is killed: no server, no memory, nothing to sweep, no byte on a disk", async () => {
    const { child } = await held("memory");
    child.kill("SIGKILL");
    await child.exited;
    await until(async () => (await stagings()).length === 0);
    expect(await filesHolding(marker, moment)).toEqual([]);
    expect(await stage.leftovers()).toEqual([]);
  });

  testWhere(ground.engine === "postgres")(
    "from elsewhere are fetched into memory, and go with a command that is killed",
    async () => {
      const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: ({ url }) => answer(new URL(url).pathname) });
      const answer = (path: string) =>
        path.endsWith(".sql") ? new Response(people(marker)) : new Response("", { status: 404 });
      try {
        const { child, rows } = await held("memory", `http://127.0.0.1:${server.port}/people.sql`);
        expect(Number(rows[0]?.found)).toBe(PEOPLE);
        expect((await stagings()).join()).toContain("people.sql");
        expect(await filesHolding(marker, moment)).toEqual([]);
        child.kill("SIGKILL");
        await child.exited;
        await until(async () => (await stagings()).length === 0);
      } finally {
        await server.stop(true);
      }
    },
  );

  test("become a masked base, and no byte of them is in it, in its dump, or anywhere else on a disk", async () => {
    stage.project.configure({ ...configOf(ground), obfuscation: rules });
    const { stderr } = await stage.project.must("reseed", ["--from", file]);
    expect(stderr).toContain("Open the staging server");
    const [base] = await stage.project.json<Base[]>("base", ["list"]);
    expect(base).toMatchObject({ raw: false, masked: true, current: true, rows: PEOPLE });
    const copy = await stage.create();
    expect(copy.base_id).toBe(base?.id);
    const all = "SELECT count(*) AS found FROM people WHERE email = '[redacted]'";
    expect(Number((await ask<{ found: number }>(copy.connection_string, all))[0]?.found)).toBe(PEOPLE);
    expect(await filesHolding(marker, moment)).toEqual([]);
    await stage.project.must("copy", ["delete", copy.id]);
    expect(await stagings()).toEqual([]);
  });

  test("become a copy by --obfuscate, of the masked base that was made of the very file", async () => {
    const [base] = await stage.project.json<Base[]>("base", ["list"]);
    const copy = await stage.create("--dump", file, "--obfuscate");
    expect(copy).toMatchObject({ raw: false, base_id: base?.id });
    await stage.project.must("copy", ["delete", copy.id]);
  });

  test("that the rules don't fit are refused, and nothing of them is left", async () => {
    const wrong = { rules: [...rules.rules, { table: "people", column: "nowhere", strategy: "redact" }] };
    stage.project.configure({ ...configOf(ground), obfuscation: wrong });
    const { status, stdout } = await stage.project.run("reseed", ["--from", file, "--json"]);
    expect([status, JSON.parse(stdout).error.code]).toEqual([2, "MASK_RULES"]);
    expect(await stagings()).toEqual([]);
    expect(await filesHolding(marker, moment)).toEqual([]);
  });

  describe("although there are rules", () => {
    let copy: Copy;
    let other: Project;
    // A dump in the store would be taken for a masked one.
    const dumps = () => stage.project.files().filter((name) => name.endsWith(".dump"));
    let stored: string[] = [];

    beforeAll(async () => {
      stage.project.configure({ ...configOf(ground), obfuscation: rules });
      stored = dumps();
      copy = await stage.create("--dump", file, "--raw");
      other = await makeProject(configOf(ground), "elsewhere");
    });
    afterAll(async () => {
      if (ground.runtime === "native") await other?.run("copy", ["delete", "--all", "--yes"]);
      await other?.remove();
    });

    async function refused(project: Project, ...args: string[]) {
      const { status, stdout } = await project.run("copy", ["create", ...args, "--json"]);
      return { status, ...(JSON.parse(stdout).error as { code: string; hint: string }) };
    }

    test("are not loaded before it is said what becomes of them", async () => {
      const strange = stage.project.write("strange.sql", people("x"));
      const { status, code, hint } = await refused(stage.project, "--dump", strange);
      expect([status, code]).toEqual([2, "RAW_OR_OBFUSCATE"]);
      expect(hint).toContain("--obfuscate");
      expect(hint).toContain("--raw");
      expect(await refused(stage.project, "--dump", strange, "--raw", "--obfuscate")).toMatchObject({ status: 2 });
      expect(await refused(stage.project, "--obfuscate")).toMatchObject({ status: 2 });
      expect(await refused(other, "--dump", strange, "--obfuscate")).toMatchObject({ status: 2 });
    });

    test("are loaded as they are by --raw, and the base and its copies say so wherever they are listed", async () => {
      expect(copy.raw).toBe(true);
      expect(Number((await ask<{ found: number }>(copy.connection_string, count))[0]?.found)).toBe(PEOPLE);
      await until(async () => (await filesHolding(marker, moment)).length > 0, 60_000);
      const [base] = await stage.project.json<Base[]>("base", ["list"]);
      expect(base).toMatchObject({ id: copy.base_id, raw: true, masked: false, current: false, dump_key: "" });
      expect((await stage.project.must("base", ["list"])).stdout).toMatch(new RegExp(`${copy.base_id}.* raw `));
      expect((await stage.project.must("copy", ["list"])).stdout).toContain("ready, raw");
      const status = await stage.project.json<{ bases: Base[]; copies: Copy[] }>("status");
      expect(status.bases.map(({ raw }) => raw)).toContain(true);
      expect(status.copies).toMatchObject([{ id: copy.id, raw: true }]);
      expect(dumps()).toEqual(stored);
    });

    test("are no copy's that was not asked for with --raw: create takes another base", async () => {
      const plain = await stage.create();
      expect(plain.raw).toBe(false);
      expect(plain.base_id).not.toBe(copy.base_id);
      const again = await stage.create("--raw");
      expect(again).toMatchObject({ raw: true, base_id: copy.base_id });
      await stage.project.must("copy", ["delete", plain.id, again.id, "--yes"]);
    });

    test("stay raw in another project, where create refuses them and names the way out", async () => {
      const exported = join(stage.project.folder, "raw.base");
      await stage.project.must("base", ["export", copy.base_id as string, exported]);
      expect(await other.json<Base>("base", ["import", exported])).toMatchObject({ raw: true });
      const { status, code, hint } = await refused(other);
      expect([status, code]).toEqual([1, "BASE_RAW"]);
      expect(hint).toContain("--raw");
    });
  });
});
