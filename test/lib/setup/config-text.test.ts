import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../lib/kit/config.ts";
import { configText, type SetupAnswers } from "../../../lib/setup/config-text.ts";
import { cronLine, withoutLogin } from "../../../lib/setup/schedule.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const PLACE = { schema: "", reseed: "cd /srv && bun scripts/reseed.ts" };
const NASTY = "p@ss: '\"#\\ 😀 {x} %d";

const answers = (more: Partial<SetupAnswers> = {}): SetupAnswers => ({
  ...{ project: "shop", sourceName: "default", rules: [], ttl: "2h", ports: "auto" },
  ...{ runtime: "auto", storage: "auto", schedule: "never", ...more },
});

const source = (more: Partial<NonNullable<SetupAnswers["source"]>> = {}) => ({
  ...{
    url: "postgres://ann@db:5432/shop",
    passwordSecret: "",
    password: "",
    tunnel: "",
    about: "Postgres 17",
    ...more,
  },
});

async function read(given: SetupAnswers, sourceName?: string) {
  const text = configText(given, PLACE);
  writeFileSync(join(folder, "ditto.yaml"), text);
  return { text, config: await loadConfig({ configPath: join(folder, "ditto.yaml"), sourceName, env: {} }) };
}

test("what was answered is what is read again", async () => {
  const { text, config } = await read(
    answers({
      source: source({ passwordSecret: "env:DB" }),
      ttl: "never",
      ports: "5433-5600",
      runtime: "docker",
      storage: "pool",
    }),
  );
  expect(config).toMatchObject({ project: "shop", runtime: "docker", storage: "pool" });
  expect(config.source).toMatchObject({ url: "postgres://ann@db:5432/shop", password_secret: "env:DB" });
  expect(config.copy).toMatchObject({ ttl: "never", ports: { from: 5433, to: 5600 } });
  expect(config.obfuscation).toMatchObject({ rules: [], unreviewed: "fail" });
  expect(text.split("\n").filter((line) => line.trim().startsWith("#")).length).toBeGreaterThan(8);
});

test("quotes, colons, hashes and emoji in passwords, commands and names", async () => {
  const rules = [{ schema: "Año", table: 'a "b"', column: "c: d #e", strategy: "redact", with: NASTY } as const];
  const { config } = await read(
    answers({ rules: [...rules], source: source({ password: NASTY, tunnel: `ssh -L {local_port} ${NASTY}` }) }),
  );
  expect(config.source).toMatchObject({ password: NASTY, tunnel: `ssh -L {local_port} ${NASTY}` });
  expect(config.obfuscation.rules).toEqual([...rules]);
});

test("a source of another name, and none at all", async () => {
  const named = await read(answers({ sourceName: "analytics", source: source() }), "analytics");
  expect(named.config.source?.url).toBe("postgres://ann@db:5432/shop");
  const sample = await read(answers());
  expect(sample.config.source).toBeUndefined();
  expect(sample.config.obfuscation.unreviewed).toBe("allow");
});

test("a schedule is a line for cron, in which a % would end the command", async () => {
  expect(cronLine("never", "x")).toBe("");
  expect(cronLine("weekly", "cd /50% && x")).toBe("30 3 * * 0 cd /50\\% && x");
  expect((await read(answers({ schedule: "nightly" }))).text).toContain(
    "#   30 3 * * * cd /srv && bun scripts/reseed.ts",
  );
});

test("what cron's shell does not know is named: variables that the source's access stands in", async () => {
  const text = async (more: Parameters<typeof source>[0]) =>
    (await read(answers({ schedule: "weekly", source: source(more) }))).text;
  expect(await text({ passwordSecret: "env:DB_PASSWORD" })).toContain("#   DB_PASSWORD=...\n#   30 3 * * 0 cd /srv");
  expect(await text({ url: "env:SHOP_URL" })).toContain("#   SHOP_URL=...\n");
  expect(await text({ passwordSecret: "file:~/x" })).not.toContain("=...");
});

test("a line for cron runs with nothing but HOME and cron's PATH", async () => {
  const before = { ...process.env };
  const bin = join(folder, "it's mine/bin");
  try {
    for (const [name, script] of Object.entries({
      bun: 'echo "$@" "$PATH" "$DITTO_HOME" "$DITTO_SOURCE__PASSWORD"; opener',
      opener: "echo opened",
    })) {
      await Bun.write(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    Object.assign(process.env, {
      PATH: `${bin}:/usr/bin:/bin`,
      DITTO_HOME: "/srv/my home",
      DITTO_SOURCE__PASSWORD: "x",
    });
    const line = withoutLogin("/a b/reseed.ts", ["--quiet"], ["opener {local_port}"]);
    const shell = Bun.spawnSync(["sh", "-c", line], { env: { HOME: folder, PATH: "/usr/bin:/bin" } });
    expect(shell.stdout.toString()).toBe(`/a b/reseed.ts --quiet ${bin}:/usr/bin:/bin /srv/my home \nopened\n`);
  } finally {
    process.env = before;
  }
});

test("a line for cron brings along what a reseed needs to know, and no variable that may hold a secret", () => {
  const before = { ...process.env };
  const needed = {
    ...{ DITTO_HOME: "/srv/home", DITTO_OFFLINE: "1", DITTO_RUNTIME: "podman", DITTO_DISK__MIN_FREE: "1G" },
    ...{ DITTO_COPY_IMAGE: "postgres:17", DITTO_DUMP__ROWS__ORDERS: "id < 10", DOCKER_CONTEXT: "far" },
  };
  const secret = {
    DITTO_DUMP__ON_FAILURE__WEBHOOK_URL: "https://hooks.test/hidden",
    DITTO_DUMP_ON_FAILURE_EXEC: "curl https://hooks.test/hidden",
    DITTO_SOURCE__URL: "postgres://ann:hidden@db/shop",
    DITTO_SOURCES__SHOP__DUMP__ON_FAILURE__WEBHOOK_URL: "https://hooks.test/hidden",
    DITTO_OBFUSCATION__KEY_SECRET: "hidden",
    DITTO_COPY__SETTINGS__X: "hidden",
    DITTO_TOKEN: "hidden",
  };
  try {
    Object.assign(process.env, needed, secret);
    const line = withoutLogin("/reseed.ts", [], []);
    for (const name of Object.keys(needed)) expect(line).toContain(`${name}=`);
    expect(line).not.toContain("hidden");
  } finally {
    for (const name of Object.keys({ ...needed, ...secret })) delete process.env[name];
    Object.assign(process.env, before);
  }
});
