import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type ConfigRequest, loadConfig, requireSource } from "../../../lib/kit/config.ts";
import { jsonSchema } from "../../../lib/kit/config-schema.ts";
import { DittoError } from "../../../lib/kit/errors.ts";
import { claimProject } from "../../../lib/kit/projects.ts";

const work = realpathSync(mkdtempSync(join(tmpdir(), "ditto-config-")));
const home = join(work, "home");
process.env.DITTO_HOME = home;
afterAll(() => {
  delete process.env.DITTO_HOME;
  rmSync(work, { recursive: true });
});

let made = 0;

/** A repository "Shop 1" with files, and what a command in its folder `app` would load. */
async function load(files: Record<string, string>, request: ConfigRequest = {}) {
  const repository = join(work, `r${made++}`, "My Shop");
  mkdirSync(join(repository, ".git"), { recursive: true });
  mkdirSync(join(repository, "app"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(repository, name), text);
  const config = await loadConfig({ cwd: join(repository, "app"), env: {}, ...request });
  return { config, repository };
}

async function refusal(yaml: string, request: ConfigRequest = {}): Promise<string> {
  try {
    await load({ "ditto.yaml": yaml }, request);
  } catch (error) {
    if (!(error instanceof DittoError)) throw error;
    expect(error.exit).toBe(2);
    return `${error.message} | ${error.hint ?? ""}`;
  }
  throw new Error("the configuration was accepted");
}

describe("without a file", () => {
  test("everything has its default, and the project is the repository's folder, slugged", async () => {
    const { config } = await load({});
    expect(config).toMatchObject({
      project: "my-shop",
      sourceName: "default",
      sources: [],
      runtime: "auto",
      storage: "auto",
    });
    expect(config.file).toBeUndefined();
    expect(config.copy).toMatchObject({ ttl: 7200, ports: "auto", bind: "127.0.0.1", max_copies: 50, memory: 0 });
    expect(config.dump).toMatchObject({ keep: 5, keep_bases: 2, stale_after: 604_800, store: join(home, "dumps") });
    expect(config.disk).toEqual({ min_free: 5 * 1024 ** 3, max: 0 });
    expect(config.obfuscation).toMatchObject({
      key_secret: `file:${join(home, "mask.key")}`,
      unreviewed: "fail",
      rules: [],
    });
  });

  test("a command that needs a source says how to name one", async () => {
    const { config } = await load({});
    expect(() => requireSource(config)).toThrow("No source is configured");
  });
});

describe("the file", () => {
  test("is looked for from the working directory up to the repository's root", async () => {
    const { config, repository } = await load({ "ditto.yaml": "project: a", "app/ditto.yaml": "project: b" });
    expect([config.project, config.file]).toEqual(["b", join(repository, "app/ditto.yaml")]);
    expect((await load({ "ditto.yaml": "project: a" })).config.project).toBe("a");
  });

  test("of a folder above the repository is not read", async () => {
    const folder = join(work, "above");
    mkdirSync(join(folder, "repo/.git"), { recursive: true });
    writeFileSync(join(folder, "ditto.yaml"), "project: above");
    expect((await loadConfig({ cwd: join(folder, "repo"), env: {} })).project).toBe("repo");
  });

  test("of a parent is not read without a repository, because it may hold anybody's commands", async () => {
    const folder = join(work, "plain/inner");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(work, "plain/ditto.yaml"), "project: plain");
    expect((await loadConfig({ cwd: folder, env: {} })).file).toBeUndefined();
    expect((await loadConfig({ cwd: join(work, "plain"), env: {} })).project).toBe("plain");
  });

  test("given by --config wins over DITTO_CONFIG, which wins over the one found", async () => {
    const files = { "ditto.yaml": "project: found", "b.yaml": "project: variable", "c.yaml": "project: flag" };
    const env = { DITTO_CONFIG: "../b.yaml" };
    expect((await load(files, { env })).config.project).toBe("variable");
    expect((await load(files, { env, configPath: "../c.yaml" })).config.project).toBe("flag");
    expect(await refusal("", { configPath: "none.yaml" })).toContain("there is no such file");
  });

  test("of the state folder is the last resort", async () => {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "ditto.yaml"), "copy: { ttl: never }");
    const { config } = await load({});
    rmSync(join(home, "ditto.yaml"));
    expect([config.copy.ttl, config.project]).toEqual(["never", "my-shop"]);
  });

  test("reads units, ranges and every section", async () => {
    const { config } = await load({
      "ditto.yaml": `
source:
  url: postgres://u@h/db
  lock_wait: 5
  tls: { mode: verify-full, ca: ./ca.pem }
copy: { ttl: 1h30m, ports: 5433-5600, memory: 2G, cpus: 1.5, settings: { work_mem: 64MB, jit: false } }
dump: { exclude_extensions: [rdsutils], rows: { events: "id > 5" } }
disk: { min_free: 64G }
obfuscation:
  rules:
    - { table: users, column: email, strategy: replace, type: email }
`,
    });
    expect(config.source).toMatchObject({ lock_wait: 5, max_duration: 10_800, env: { DATABASE_URL: "url" } });
    expect(config.copy).toMatchObject({ ttl: 5400, ports: { from: 5433, to: 5600 }, memory: 2 * 1024 ** 3, cpus: 1.5 });
    expect(config.copy.settings).toEqual({ work_mem: "64MB", jit: "false" });
    expect(config.dump).toMatchObject({ exclude_extensions: ["rdsutils"], rows: { events: "id > 5" } });
    expect(config.disk.min_free).toBe(64 * 1024 ** 3);
    expect(config.obfuscation.rules).toHaveLength(1);
  });

  test("may hold every key of the documentation; what it writes out are the defaults", async () => {
    const whole = await Bun.file(join(import.meta.dir, "../../fixtures/whole.yaml")).text();
    const { config } = await load({ "ditto.yaml": whole });
    const { config: none } = await load({ "ditto.yaml": "source: {}" });
    expect(config.obfuscation.rules).toHaveLength(10);
    const same = { project: "", unnamed: undefined, file: "", directory: "" };
    const differing = { source: none.source, obfuscation: none.obfuscation };
    expect<unknown>({ ...config, ...differing, ...same }).toEqual({ ...none, ...same });
  });

  test("without a project's name: of two folders of one name the second is told apart, until the first is gone", async () => {
    const [first, second] = [await load({}), await load({})];
    await claimProject(first.config.unnamed ?? { name: "", folder: "" });
    const again = (of: { repository: string }) => loadConfig({ cwd: of.repository, env: {} });
    expect((await again(first)).project).toBe("my-shop");
    expect((await again(second)).project).toMatch(/^my-shop-[0-9a-f]{4}$/);
    expect((await load({ "ditto.yaml": "project: my-shop" })).config.project).toBe("my-shop");
    rmSync(first.repository, { recursive: true });
    expect((await again(second)).project).toBe("my-shop");
    rmSync(home, { recursive: true });
  });

  test("an empty file, and a key with nothing behind it, mean the defaults", async () => {
    expect((await load({ "ditto.yaml": "" })).config.copy.ttl).toBe(7200);
    expect((await load({ "ditto.yaml": "copy:\ndump:\n  tables:\n" })).config.dump.tables).toEqual([]);
  });

  test("its paths count from it, ~ is the home folder, addresses and globs stay", async () => {
    const { config, repository } = await load({
      "ditto.yaml": `
source: { url: "file:url.txt", password_secret: "file:~/pw", tls: { ca: ca.pem } }
dump: { path: out/x.dump, store: "s3://bucket/prefix", schema_path: /abs.sql, exclude_tables: ["./audit_*"] }
obfuscation: { key_secret: "file:keys/mask.key" }
`,
    });
    expect(config.source).toMatchObject({ url: `file:${repository}/url.txt`, password_secret: `file:${homedir()}/pw` });
    expect(config.source?.tls.ca).toBe(`${repository}/ca.pem`);
    expect(config.dump).toMatchObject({
      path: `${repository}/out/x.dump`,
      store: "s3://bucket/prefix",
      schema_path: "/abs.sql",
    });
    expect(config.dump.exclude_tables).toEqual(["./audit_*"]);
    expect(config.obfuscation.key_secret).toBe(`file:${repository}/keys/mask.key`);
  });
});

describe("sources", () => {
  const two =
    "sources: { main: { url: a, copy: { ttl: 3h }, dump: { tables: [x] } }, audit: { url: b } }\ncopy: { ttl: 1h, max_copies: 7 }\ndump: { tables: [y, z] }";

  test("one source is chosen by itself, whatever its name", async () => {
    expect((await load({ "ditto.yaml": "sources: { shop: { url: a } }" })).config).toMatchObject({
      sourceName: "shop",
      source: { url: "a" },
    });
  });

  test("of several, --source or DITTO_SOURCE chooses; its own settings lie over the common ones, lists as a whole", async () => {
    const main = (await load({ "ditto.yaml": two }, { sourceName: "main" })).config;
    expect(main.copy).toMatchObject({ ttl: 10_800, max_copies: 7 });
    expect(main.dump.tables).toEqual(["x"]);
    const audit = (await load({ "ditto.yaml": two }, { env: { DITTO_SOURCE: "audit" } })).config;
    expect([audit.sourceName, audit.copy.ttl, audit.dump.tables]).toEqual(["audit", 3600, ["y", "z"]]);
  });

  test("of several without a choice, only a command that needs one fails", async () => {
    const { config } = await load({ "ditto.yaml": two });
    expect(config.sources).toEqual(["main", "audit"]);
    expect(() => requireSource(config)).toThrow('there are "main", "audit"');
  });

  test("an unknown one is refused with the nearest", async () => {
    expect(await refusal(two, { sourceName: "adit" })).toContain('Did you mean "audit"?');
  });

  test("source and sources.default are the same and stand there once", async () => {
    expect(await refusal("source: { url: a }\nsources: { default: { url: b } }")).toContain("are the same source");
  });
});

describe("the environment", () => {
  const yaml = "source: { url: postgres://file@h/db, host: other, copy: { ttl: 3h } }\ncopy: { ttl: 1h }";
  const withEnv = async (env: Record<string, string>) => (await load({ "ditto.yaml": yaml }, { env })).config;

  test("wins over the file, also over what a source sets for itself", async () => {
    expect((await withEnv({ DITTO_COPY__TTL: "9m" })).copy.ttl).toBe(540);
  });

  test("nests by __, by _ where that is a key, and knows the Go tool's names", async () => {
    const config = await withEnv({
      DITTO_SOURCE__TLS__MODE: "require",
      DITTO_SOURCE__ENV__READ_URL: "jdbc",
      DITTO_DUMP_KEEP_BASES: "4",
      DITTO_DUMP__TABLES: "a, b",
      DITTO_DUMP__EXCLUDE_TABLES: '["c,d"]',
      DITTO_COPY__SETTINGS__WORK_MEM: "64MB",
      DITTO_COPY_TTL_SECONDS: "99",
      DITTO_PORT_POOL_START: "5433",
      DITTO_PORT_POOL_END: "5500",
      DITTO_DUMP_STALE_THRESHOLD: "1d",
      DITTO_SOURCE_PASSWORD: "12345",
      DITTO_ADVERTISE_HOST: "db.test",
    });
    expect(config.source).toMatchObject({ tls: { mode: "require" }, env: { READ_URL: "jdbc" }, password: "12345" });
    expect(config.dump).toMatchObject({
      keep_bases: 4,
      tables: ["a", "b"],
      exclude_tables: ["c,d"],
      stale_after: 86_400,
    });
    expect(config.copy).toMatchObject({
      ttl: 99,
      ports: { from: 5433, to: 5500 },
      settings: { work_mem: "64MB" },
      advertise_host: "db.test",
    });
  });

  test("gives a source's URL as a whole: the file's single fields don't bend it", async () => {
    const { source } = await withEnv({ DITTO_SOURCE_URL: "mysql://env@e/db" });
    expect(source).toMatchObject({ url: "mysql://env@e/db", host: "" });
  });

  test("may configure a source without any file, and names the only one when it is not called default", async () => {
    expect((await load({}, { env: { DITTO_SOURCE_URL: "mysql://u@h/db" } })).config.source?.url).toBe("mysql://u@h/db");
    const { config } = await load(
      { "ditto.yaml": "sources: { shop: { url: a } }" },
      { env: { DITTO_SOURCE_URL: "b" } },
    );
    expect(config).toMatchObject({ sourceName: "shop", sources: ["shop"], source: { url: "b" } });
  });

  test("has paths of its own, from the working directory", async () => {
    const { config, repository } = await load({ "ditto.yaml": yaml }, { env: { DITTO_DUMP_PATH: "x.dump" } });
    expect(config.dump.path).toBe(join(repository, "app/x.dump"));
  });

  test("reserved and empty variables, and those that ditto sets for its children, are left alone", async () => {
    const reserved = {
      DITTO_HOME: "/x",
      DITTO_OFFLINE: "1",
      DITTO_TOKEN: "t",
      DITTO_TEST_IMAGES: "x",
      DITTO_COPY_ID: "1",
    };
    const own = { DITTO_NO_SWEEP: "1", DITTO_ERROR: "x", DITTO_LAST_DUMP_AGE: "1", DITTO_DUMP_KEY: "a/b" };
    expect((await withEnv({ ...reserved, ...own, DITTO_SOURCE_URL: "" })).source?.host).toBe("other");
  });

  test.each([
    [{ DITTO_SOURCE_URK: "x" }, 'Did you mean "DITTO_SOURCE_URL"?'],
    [{ DITTO_COPY__TLL: "x" }, 'Did you mean "DITTO_COPY__TTL"?'],
    [{ DITTO_DOCKER_HOST: "x" }, "DOCKER_HOST is used"],
    [{ DITTO_COPY__TTL: "soon" }, "DITTO_COPY__TTL"],
    [{ DITTO_DUMP_KEEP: "many" }, "(DITTO_DUMP_KEEP)"],
    [{ DITTO_RUNTIME: "dokcer" }, 'must be one of "auto"'],
  ])("%p is refused by its name", async (env, sentence) => {
    expect(await refusal(yaml, { env })).toContain(sentence);
  });
});

describe("a mistake in the file names key, line and way out", () => {
  test.each([
    ["source:\n  ulr: x", 'unknown key "source.ulr"', 'ditto.yaml:2) | Did you mean "url"?'],
    ["copy:\n  tll: 2h", 'unknown key "copy.tll"', 'Did you mean "ttl"?'],
    ["sources: { a: { tls: { cafile: x } } }", 'unknown key "sources.a.tls.cafile"', "The keys here are mode, ca"],
    ["dump:\n  on_failure: { url: x }", 'unknown key "dump.on_failure.url"', "webhook_url"],
    ["sources: { a: { dump: { kepe: 1 } } }", "sources.a.dump.kepe", 'Did you mean "keep"?'],
    ["copy_ttl_seconds: 3", 'unknown key "copy_ttl_seconds"', "copy: { ttl: 2h }"],
    ["targets: {}", '"targets" is not in this version', ""],
    ["dump: { schedule: '0 3 * * *' }", '"dump.schedule" is not in this version', 'cron run "bun scripts/reseed.ts'],
    ["copy: { warm_pool_size: 2 }", '"copy.warm_pool_size" is not in this version', "Remove"],
    ["copy:\n  ttl: soon", "copy.ttl is wrong", "ditto.yaml:2"],
    ["copy: { ports: 9-3 }", "copy.ports", "5433-5600"],
    ["copy: { cpus: many }", "copy.cpus", "1.5"],
    ["dump: { keep: '5' }", "dump.keep is wrong: expected number", ""],
    ["dump: { keep: 0 }", "dump.keep is wrong", ""],
    ["runtime: lxc", "runtime must be one of", '"podman"'],
    ["project: My Shop", "project", 'a-z, 0-9, "_" and "-"'],
    ["sources: { A B: {} }", "sources.A B must be", ""],
    ["source: { env: { 'A-B': url } }", "source.env.A-B", "names of variables"],
    ["source: { env: { A: uri } }", "source.env.A must be one of", '"jdbc"'],
    ["source:\n  url: a\n  url: b", "unique", "ditto.yaml:3"],
    ["source: [", "Cannot read the configuration", "ditto.yaml:1"],
    ["- a", "not a map of keys", ""],
    ["obfuscation: { rules: [{ table: t, strategy: hash }] }", "obfuscation.rules[0].column is missing", ""],
    ["obfuscation: { rules: [{ table: t, column: c, strategy: replace }] }", "rules[0].type is missing", ""],
    ["obfuscation: { rules: [{ table: t, column: c, strategy: shift, days: 0 }] }", "other than 0", ""],
    ["obfuscation: { rules: [{ table: t, column: c, strategy: hash, with: x }] }", 'does not belong to "hash"', ""],
    [
      "obfuscation: { rules: [{ table: t, column: c, strategy: hash, colum: x }] }",
      "rules[0].colum",
      'Did you mean "column"?',
    ],
  ])("%s", async (yaml, sentence, way) => {
    const text = await refusal(yaml);
    expect(text).toContain(sentence);
    expect(text).toContain(way);
  });

  test("several at once are all listed, each with its own way out", async () => {
    const text = await refusal("copy: { tll: 1h }\nsource: { ulr: x }");
    expect(text).toContain('unknown key "copy.tll"');
    expect(text).toContain('Did you mean "url"?');
  });

  test("a value that may be a secret is not repeated", async () => {
    expect(await refusal("source: { password: [hunter2], url: { a: hunter2 } }")).not.toContain("hunter2");
  });
});

test("templates/schema.json is what `bun run schema` writes", async () => {
  const written = await Bun.file(join(import.meta.dir, "../../../templates/schema.json")).json();
  expect(written).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
});
