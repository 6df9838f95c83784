import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BaseStatus, CopyStatus, Status } from "../../lib/copies/status.ts";
import { renderStatus } from "../../lib/copies/status-text.ts";
import { warningsOf } from "../../lib/copies/status-warnings.ts";
import { attempt } from "../provision/exec.ts";

const SCRIPT = resolve(import.meta.dir, "../../scripts/status.ts");
const now = new Date().toISOString();

const base: BaseStatus = {
  ...{ id: "01k9z3v7r2m8q4t6w1x5y0abcd", project: "shop", source: "default", engine: "mariadb", version: "11.8.3" },
  ...{ runtime: "docker", method: "image", tables: 12, rows: 12_345_678, disk_bytes: 1_234_567_890, current: true },
  ...{ copies: 1, raw: false, present: true, dump_key: "", created_at: now, age_seconds: 0, stale: false },
};

const copy: CopyStatus = {
  ...{ id: "01k9z40000m8q4t6w1x5y0abcd", name: "", project: "shop", source: "default", status: "ready" },
  ...{ engine: "mariadb", version: "11.8.3", runtime: "docker", host: "127.0.0.1", port: 49_153, database: "shop" },
  ...{ user: "ditto", internal_url: "", base_id: base.id, dump_key: "", method: "image", ready_ms: 412, warm: false },
  ...{ ttl_seconds: 7200, labels: {}, run_id: "", job_name: "", created_at: now, ready_at: now, error_message: "" },
  ...{ expires_at: new Date(Date.now() + 3_600_000).toISOString(), server: "running", disk_bytes: 40_000_000 },
} as CopyStatus;

const status: Status = {
  home: "/srv/ditto-state",
  config_file: "/srv/shop/ditto.yaml",
  project: "shop",
  source: "default",
  sources: ["default"],
  runtime: { name: "docker", reason: "docker 28.2.2, it answers" },
  storage: {
    wish: "auto",
    method: "image",
    cost: "a copy is made at once, but its first look at a big table copies that table's files, up to 1 GB each",
    better: 'In a pool it would share its base\'s blocks: "bun scripts/pool.ts create"',
    pool: { mounted: true, size_bytes: 20e9, used_bytes: 1e9, free_bytes: 19e9 },
  },
  network: { wish: "closed", reaches_world: false },
  dump_store: { address: "/srv/dumps", error: null },
  dump: {
    key: "shop/app/none/2026-01-02T03-04-05-678Z.dump",
    store: "/srv/dumps",
    sha256: "30a59c74f35430a59c74f35430a59c74f35430a59c74f35430a59c74f3540000",
    ...{ bytes: 49_000, created_at: now, age_seconds: 0, stale: false },
  },
  bases: [base],
  copies: [copy],
  snapshots: [],
  disk: { bases_bytes: base.disk_bytes, copies_bytes: 40_000_000, snapshots_bytes: 0, dumps_bytes: 49_000 },
  unreadable: [],
  warnings: [],
};

describe("status in words", () => {
  test("fits 80 columns", () => {
    const wide = renderStatus(status)
      .split("\n")
      .filter((line) => Bun.stringWidth(line) > 80);
    expect(wide).toEqual([]);
  });

  test("says everything that was looked at", () => {
    const text = renderStatus(status).replace(/\s+/g, " ");
    const facts = [
      "/srv/shop/ditto.yaml",
      "/srv/ditto-state",
      "docker 28.2.2",
      "image: a copy is made at once",
      "pool.ts",
    ];
    const things = ["30a59c74f354", "47.9 kB", base.id, "mariadb 11.8.3", "12.3M", copy.id, "49153", "in 60 min"];
    for (const fact of [...facts, ...things]) expect(text).toContain(fact);
  });

  test("names the project of bases and copies as soon as there are several", () => {
    expect(renderStatus(status)).not.toContain("PROJECT");
    const foreign = { ...copy, project: "billing", source: "eu" };
    expect(renderStatus({ ...status, copies: [copy, foreign] })).toMatch(/PROJECT[\s\S]*billing\/eu/);
  });

  test("says when nothing keeps copies from the world", () => {
    const open = { ...status, runtime: { name: "podman" as const, reason: "" } };
    expect(renderStatus(status)).toContain("neither the world nor each other");
    const shown = renderStatus({ ...open, network: { wish: "closed", reaches_world: true } });
    expect(shown).toContain("copies can reach the world: podman can't shut that off");
  });

  test("shows a server that isn't there as what it is", () => {
    const shown = (change: Partial<CopyStatus>) => renderStatus({ ...status, copies: [{ ...copy, ...change }] });
    expect(shown({ status: "failed", server: "missing" })).toMatch(/abcd +lost +49153/);
    expect(shown({ status: "stopped", server: "exited" })).toMatch(/abcd +stopped +49153/);
    expect(shown({ server: "unknown" })).toMatch(/abcd +ready +49153/);
  });
});

describe("what needs attention", () => {
  const warnings = (change: Partial<Status>) => warningsOf({ ...status, ...change }, 7 * 86_400);

  test("nothing does when all is well", () => expect(warnings({})).toEqual([]));

  test("a base that is old, with its age and the limit", () => {
    const created_at = new Date(Date.now() - 9 * 86_400_000).toISOString();
    const [warning, ...others] = warnings({ bases: [{ ...base, stale: true, created_at }] });
    expect(warning).toMatch(/9 d ago.*stale_after is 7 d.*reseed\.ts/);
    expect(others).toEqual([]);
  });

  test("another project's old base is nobody's business here", () => {
    expect(warnings({ bases: [{ ...base, stale: true, project: "billing" }] })).toEqual([]);
  });

  test("bases and copies whose data is gone, records that can't be read", () => {
    const all = warnings({
      bases: [{ ...base, present: false }],
      copies: [
        { ...copy, name: "feature-x", status: "failed", server: "missing" },
        { ...copy, name: "feature-y", status: "unclean", server: "killed" },
        { ...copy, name: "feature-z", status: "stopped", server: "killed" },
      ],
      unreadable: [{ file: "/srv/x.json", state: "corrupt" }],
    });
    expect(all).toEqual([
      expect.stringContaining(`Base ${base.id} is lost`),
      expect.stringMatching(/^Copy feature-x is lost.*copy\.ts reset feature-x/),
      expect.stringMatching(/^The machine went down under copy feature-y.*copy\.ts reset feature-y/),
      expect.stringMatching(/^The server of copy feature-z ended by itself.*copy\.ts start feature-z/),
      expect.stringContaining('"/srv/x.json" is damaged'),
    ]);
  });

  test("a copy that somebody stopped needs nothing", () => {
    expect(warnings({ copies: [{ ...copy, status: "stopped", server: "exited" }] })).toEqual([]);
  });

  test("a runtime that doesn't answer is no lost base", () => {
    expect(warnings({ bases: [{ ...base, present: null }], copies: [{ ...copy, server: "unknown" }] })).toEqual([]);
  });
});

describe("status.ts", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ditto-status-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** On a machine whose Docker doesn't answer; podman's answer doesn't matter. */
  const run = (...args: string[]) =>
    attempt([process.execPath, SCRIPT, ...args, "--runtime", "native"], {
      env: {
        DITTO_HOME: join(folder, "home"),
        DITTO_CONFIG: join(folder, "ditto.yaml"),
        DOCKER_HOST: "tcp://127.0.0.1:1",
        ...{ AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" },
      },
    });
  const configure = (text: string) => writeFileSync(join(folder, "ditto.yaml"), text);

  test("answers without base, copies or daemon, and makes no state folder", async () => {
    configure("project: shop\n");
    const { status: exit, stdout, stderr } = await run("--json");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      home: join(folder, "home"),
      config_file: join(folder, "ditto.yaml"),
      ...{ project: "shop", source: "default", sources: [] },
      runtime: { name: "native", reason: expect.any(String) },
      storage: { wish: "auto", method: null, cost: expect.any(String), better: expect.any(String), pool: null },
      network: { wish: "closed", reaches_world: true },
      dump_store: { address: join(folder, "home", "dumps"), error: null },
      ...{ dump: null, bases: [], copies: [], snapshots: [], unreadable: [], warnings: [] },
      disk: { bases_bytes: 0, copies_bytes: 0, snapshots_bytes: 0, dumps_bytes: 0 },
    });
    expect(existsSync(join(folder, "home"))).toBe(false);
  });

  test("lists bases and copies whose runtime is down, and records that it can't read", async () => {
    configure("project: shop\ndump: { stale_after: 1d }\n");
    const record = (kind: string, id: string, content: object) => {
      mkdirSync(join(folder, "home", kind), { recursive: true });
      writeFileSync(join(folder, "home", kind, `${id}.json`), JSON.stringify({ version: 1, id, ...content }));
    };
    const frozen = {
      runtime: "docker",
      method: "image",
      reference: "sha256:00",
      bytes: 5,
      image: "x",
      owner: "1:1",
      volumes: [],
    };
    const server = { flavour: "postgres", version: "17.6" };
    const owner = { project: "shop", source: "default", engine: "postgres", server, frozen };
    const createdAt = new Date(Date.now() - 3 * 86_400_000).toISOString();
    record("bases", "01base", { ...owner, tables: 1, rows: 2, createdAt, warnings: [] });
    record("copies", "01copy", { ...owner, ...copyFields("01base"), createdAt });
    record("copies", "01newer", { version: 99 });
    const { status: exit, stdout } = await run("--json");
    expect(exit).toBe(0);
    const answer = JSON.parse(stdout) as Status;
    expect(answer.bases).toMatchObject([
      { id: "01base", current: true, copies: 1, stale: true, present: null, disk_bytes: 5 },
    ]);
    expect(answer.copies).toMatchObject([{ id: "01copy", status: "ready", server: "unknown", disk_bytes: null }]);
    expect(answer.unreadable).toMatchObject([{ state: "newer" }]);
    expect(answer.warnings.join("\n")).toMatch(/stale_after is 1 d[\s\S]*newer ditto/);
  });

  test("a dump store that can't be reached is a warning", async () => {
    configure("project: shop\ndump: { store: s3://dumps/team }\n");
    const { status: exit, stdout } = await run("--json");
    const { dump, dump_store, warnings } = JSON.parse(stdout) as Status;
    expect({ exit, dump, address: dump_store.address }).toEqual({ exit: 0, dump: null, address: "s3://dumps/team" });
    expect(warnings).toEqual([expect.stringMatching(/^Nothing is known of the dumps: Cannot list .*127\.0\.0\.1:1/)]);
  });

  test("a wrong configuration is exit 2", async () => {
    configure("projekt: shop\n");
    expect(await run()).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining('"project"') });
  });
});

function copyFields(baseId: string): object {
  return {
    ...{ name: "", status: "ready", runtime: "docker", host: "127.0.0.1", bind: "127.0.0.1", port: 1, database: "app" },
    ...{ user: "ditto", baseId, dumpKey: "", method: "image", readyMs: 1, ttlSeconds: null, labels: {}, runId: "" },
    ...{ jobName: "", readyAt: "", expiresAt: null, errorMessage: "", owner: "x/1/1", bound: false },
  };
}
