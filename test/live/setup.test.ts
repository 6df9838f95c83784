import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadConfig } from "../../lib/kit/config.ts";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import { countItems, onEachGround, soak } from "./support/ground.ts";
import { holdInterview, type Question, type Replies, SETUP } from "./support/interview.ts";
import { missingMysql, sharedMysql } from "./support/mysql.ts";
import { missingPostgres, sharedSource } from "./support/postgres.ts";
import { environment, makeProject, type Project } from "./support/project.ts";
import { startSshd } from "./support/sshd.ts";
import { CTRL_C, DOWN, ENTER, onTerminal } from "./support/terminal.ts";

setDefaultTimeout(180_000);

const PASSWORD = "s3cr/t: p@ss'w\"ord";
const TEMPLATES = resolve(import.meta.dir, "../../templates/demo");

interface Site {
  name: string;
  missing: string | undefined;
  open(): Promise<Source>;
  scheme: string;
  /** Makes the shop, and a user of it who may do anything there. */
  prepare(source: Source): Promise<void>;
}

async function preparePostgres(source: Source): Promise<void> {
  const quoted = PASSWORD.replaceAll("'", "''");
  await source.sql(`CREATE ROLE app LOGIN PASSWORD '${quoted}'`, "postgres");
  await source.sql("CREATE DATABASE shop OWNER app", "postgres");
  const text = readFileSync(join(TEMPLATES, "shop-postgres.sql"), "utf8");
  await source.load({ text: `SET ROLE app;\n${text}` }, "shop");
}

async function prepareMysql(source: Source): Promise<void> {
  const quoted = PASSWORD.replaceAll("'", "''");
  await source.sql(`CREATE DATABASE shop; CREATE USER app IDENTIFIED BY '${quoted}'; GRANT ALL ON shop.* TO app`);
  await source.load({ file: join(TEMPLATES, "shop-mysql.sql") }, "shop");
  const routines = source.engine === "mariadb" ? "SELECT ON mysql.proc" : "SHOW_ROUTINE ON *.*";
  await source.sql(`GRANT ${routines} TO app`);
}

const SITES: Site[] = [
  {
    name: "postgres:17",
    missing: missingPostgres("17"),
    open: () => sharedSource("17"),
    scheme: "postgres",
    prepare: preparePostgres,
  },
  {
    name: "mariadb:11.8",
    missing: missingMysql("mariadb:11.8"),
    open: () => sharedMysql("mariadb:11.8"),
    scheme: "mariadb",
    prepare: prepareMysql,
  },
  ...(soak
    ? [
        {
          name: "mysql:9.7",
          missing: missingMysql("mysql:9.7"),
          open: () => sharedMysql("mysql:9.7"),
          scheme: "mysql",
          prepare: prepareMysql,
        },
      ]
    : []),
];

for (const site of SITES) {
  describe.skipIf(site.missing !== undefined)(
    `setup.ts and ${site.name}${site.missing ? ` (${site.missing})` : ""}`,
    () => {
      let source: Source;
      let project: Project;
      let env: Record<string, string>;
      let replies: Replies;

      const urlFor = (user: string, password = "") =>
        `${site.scheme}://${user}${password && `:${encodeURIComponent(password)}`}@${source.host}:${source.port}/shop`;
      const file = () => join(project.folder, "ditto.yaml");
      const secrets = () => join(project.home, "secrets");

      beforeAll(async () => {
        source = await site.open();
        await site.prepare(source);
        project = await makeProject();
        env = { DITTO_COPY__IMAGE: source.image, DITTO_RUNTIME: "docker" };
        replies = { url: [[urlFor("app"), ENTER]], password: [[PASSWORD, ENTER]], base: [["n"]] };
      });
      afterAll(() => project?.remove());

      /** A folder in which ditto has never been. */
      const fresh = () => {
        rmSync(file(), { force: true });
        rmSync(project.home, { recursive: true, force: true });
      };

      test("the whole interview, every default taken, ends in a base and copies of it", async () => {
        fresh();
        const held = await holdInterview(project, { ...replies, base: [[ENTER]] }, { env, cols: 160 });
        const shown = held.terminal.shown();
        expect({ status: held.status, shown }).toMatchObject({ status: 0 });
        const needed: Question[] = [
          "project",
          "kind",
          "url",
          "password",
          "way",
          "user",
          "keep",
          "file",
          "rules",
          "ttl",
          "ports",
          "schedule",
        ];
        expect(held.asked).toEqual(expect.arrayContaining([...needed, "write", "base"]));
        expect(shown).toMatch(/✓ (Postgres|MariaDB|MySQL) [\d.]+, database "shop": \d tables, [\d.]+ \w+ of rows/);
        expect(shown).toMatch(/customers\.email +replace email +ann@sample\.invalid +\S+@example\.com/);
        expect(shown).toMatch(/Base \w+ of "\S+" is ready/);
        expect(shown.match(/^ {2}\S*(bun|npx).*$/gm)).toHaveLength(3);
        expect(held.terminal.raw()).not.toContain(PASSWORD);
        expect(statSync(file()).mode & 0o777).toBe(0o644);
        const [secret = ""] = readdirSync(secrets());
        expect(statSync(join(secrets(), secret)).mode & 0o777).toBe(0o600);
        expect(readFileSync(file(), "utf8")).not.toContain("s3cr");
        const config = await loadConfig({ configPath: file(), env: {} });
        expect(config.obfuscation.rules.length).toBeGreaterThan(12);
        const counted = await project.must("copy", ["run", "--", "sh", "-c", 'echo "$DATABASE_URL"'], { env });
        expect(counted.stdout).toContain("/shop");
        const run = await project.must("copy", ["create", "--name", "try"], { env });
        const sql = await project.must("copy", ["sql", "try", "-c", "SELECT email FROM customers LIMIT 3"], { env });
        expect(sql.stdout).toContain("@example.com");
        expect(run.stdout).toContain("://ditto:");
        await project.must("setup", ["--uninstall", "--yes"], { env });
        expect(await project.traces()).toEqual([]);
      });

      test("the statements that it prints make a user who can read and do no more", async () => {
        fresh();
        const { terminal } = await holdInterview(project, replies, { env });
        const statements =
          terminal
            .shown()
            .match(/^ {4}(CREATE|GRANT) .*;$/gm)
            ?.map((line) => line.trim()) ?? [];
        expect(statements.length).toBeGreaterThan(1);
        await source.sql(statements.join("\n"), "shop");
        const password =
          /(?:PASSWORD|BY) '(.+?)'/.exec(statements.find((line) => line.startsWith("CREATE")) ?? "")?.[1] ?? "";
        fresh();
        const second = await holdInterview(
          project,
          { ...replies, url: [[urlFor("ditto_dump"), ENTER]], password: [[password, ENTER]] },
          { env },
        );
        expect(second.status).toBe(0);
        expect(second.asked).not.toContain("user");
        expect(second.terminal.shown()).not.toContain("could change");
        // Who may read everything is told what to do about nothing.
        expect(second.terminal.shown()).not.toContain("✗");
      });

      test("--yes --url does the same where nobody can be asked, and keeps what is there", async () => {
        fresh();
        const args = ["--yes", "--url", urlFor("app", PASSWORD)];
        const first = await project.must("setup", args, { env });
        expect(first.stdout + first.stderr).not.toContain("s3cr");
        expect(first.stderr).toContain("CHOOSE-ONE");
        const text = readFileSync(file(), "utf8");
        const check = await project.must("reseed", ["--check"], { env });
        expect(check.stdout).toContain("Nothing else looks personal");
        expect(await project.must("setup", args, { env })).toMatchObject({ status: 0 });
        writeFileSync(file(), text.replace("ttl: 2h", "ttl: 5h"));
        const kept = await project.run("setup", [...args, "--json"], { env });
        expect(kept.status).toBe(3);
        expect(kept.stderr).toMatch(/^-.*5h\n\+.*2h$/m);
        expect(JSON.parse(kept.stdout)).toMatchObject({ written: false, config: file(), source: { tables: 5 } });
        expect(readFileSync(file(), "utf8")).toContain("ttl: 5h");
        await project.must("setup", [...args, "--force"], { env });
        expect(readFileSync(file(), "utf8")).toBe(text);
      });
    },
  );
}

const [postgres] = SITES as [Site];

describe.skipIf(postgres.missing !== undefined)(
  `the interview${postgres.missing ? ` (${postgres.missing})` : ""}`,
  () => {
    let source: Source;
    let project: Project;
    const env = { DITTO_RUNTIME: "docker" };

    beforeAll(async () => {
      source = await postgres.open();
      if ((await source.sql("SELECT 1 FROM pg_database WHERE datname = 'shop'", "postgres")) === "")
        await postgres.prepare(source);
      project = await makeProject();
      rmSync(join(project.folder, "ditto.yaml"));
    });
    afterAll(() => project?.remove());
    afterEach(() => {
      rmSync(join(project.folder, "ditto.yaml"), { force: true });
      rmSync(project.home, { recursive: true, force: true });
    });

    const url = () => `postgres://app@${source.host}:${source.port}/shop`;
    const replies = (): Replies => ({ url: [[url(), ENTER]], password: [[PASSWORD, ENTER]], base: [["n"]] });
    const config = () => readFileSync(join(project.folder, "ditto.yaml"), "utf8");
    const nothing = () =>
      expect([existsSync(join(project.folder, "ditto.yaml")), existsSync(project.home)]).toEqual([false, false]);

    test("cancelled at any question writes nothing and exits 130", async () => {
      rmSync(join(project.folder, "ditto.yaml"), { force: true });
      const whole = await holdInterview(project, replies(), { env });
      expect(whole.status).toBe(0);
      rmSync(join(project.folder, "ditto.yaml"));
      rmSync(project.home, { recursive: true });
      expect(whole.asked.length).toBeGreaterThan(12);
      for (const at of whole.asked.keys()) {
        // Escape means the same, and is a key of its own.
        const keys = at % 5 === 4 ? "\x1b" : CTRL_C;
        const { status, asked, terminal } = await holdInterview(project, replies(), { env, stopAt: [at, keys] });
        expect({ status, asked }).toEqual({ status: 130, asked: whole.asked.slice(0, at + 1) });
        expect(terminal.shown()).toContain("nothing was changed");
        // The cursor is there again.
        expect(terminal.raw().lastIndexOf("\x1b[?25h")).toBeGreaterThan(terminal.raw().lastIndexOf("\x1b[?25l"));
        nothing();
      }
    });

    test("a URL with a password in it is never shown, not even in part", async () => {
      const parts = `postgres://app:${encodeURIComponent(PASSWORD)}@${source.host}:${source.port}/shop`;
      const held = await holdInterview(project, { ...replies(), url: [[...parts, ENTER]] }, { env });
      expect(held.status).toBe(0);
      expect(held.asked).not.toContain("password");
      expect(held.terminal.raw()).not.toMatch(/s3c/);
    });

    test("reached through SSH, and the line for cron works as it is written", async () => {
      const ssh = await startSshd(project.folder);
      try {
        // ssh takes its own configuration from the password database's home, whatever HOME says.
        project.write("it's mine/ssh", `#!/bin/sh\nexec ${Bun.which("ssh")} -F "${ssh.config}" "$@"\n`);
        chmodSync(join(project.folder, "it's mine/ssh"), 0o755);
        const PATH = `${join(project.folder, "it's mine")}:${process.env.PATH}`;
        const way = { way: [[DOWN, ENTER]], host: [["box", ENTER]], schedule: [[DOWN, ENTER]] };
        const told = { ...env, DITTO_COPY__IMAGE: source.image, PATH };
        const held = await holdInterview(project, { ...replies(), ...way }, { env: told });
        expect({ status: held.status, shown: held.terminal.shown() }).toMatchObject({ status: 0 });
        expect(config()).toContain("tunnel: ssh -N -o BatchMode=yes -L {local_port}:{host}:{port} box");
        const line = /^# {3}30 3 \* \* \* (.*)$/m.exec(config())?.[1]?.replaceAll("\\%", "%") ?? "";
        expect(held.terminal.shown()).toContain(line.slice(0, 40));
        const cron = ["env", "-i", `HOME=${project.folder}`, "PATH=/usr/bin:/bin", "sh", "-c", line];
        const ended = await attempt(cron);
        expect(ended).toMatchObject({ status: 0, stdout: "" });
        expect(await project.json("base", ["list"], { env })).toHaveLength(1);
      } finally {
        ssh.stop();
        await project.run("setup", ["--uninstall", "--yes"]);
      }
    });

    test("a locale that knows ASCII alone is shown nothing else", async () => {
      const terminal = onTerminal([process.execPath, SETUP, "--runtime", "docker"], {
        cwd: project.folder,
        env: { ...environment(project.home), LC_ALL: "C" },
      });
      await terminal.sees("What are copies to be made of?");
      await terminal.type(CTRL_C);
      expect(await terminal.exited).toBe(130);
      expect(terminal.raw()).not.toMatch(/[^\0-\x7f]/);
    });

    test("an unknown host, a wrong password and a half URL can be mended", async () => {
      const address = `${source.host}:${source.port}`;
      const mended: Replies = {
        ...replies(),
        // What stands there is taken away first.
        url: [
          ["postgres://app@no-such-host.invalid:5432/shop", ENTER],
          ["\x15", `postgres://app@${address}`, ENTER, "/shop", ENTER],
        ],
        password: [
          ["wrong", ENTER],
          ["wrong", ENTER],
          [PASSWORD, ENTER],
        ],
      };
      const { status, asked, terminal } = await holdInterview(project, mended, { env });
      const shown = terminal.shown();
      expect({ status, again: asked.filter((question) => question === "again").length, shown }).toMatchObject({
        status: 0,
        again: 2,
      });
      expect(shown).toContain("no-such-host.invalid");
      expect(shown).toContain("refuses the password");
      expect(shown).toContain("the database's name is missing");
      expect(config()).toContain(`url: ${url()}`);
    });

    test("a password is kept in a variable, by a command, or in the configuration, which is then 0600", async () => {
      const keep = async (more: Replies) => {
        const held = await holdInterview(project, { ...replies(), ...more }, { env, args: ["--force"] });
        expect({ status: held.status, shown: held.terminal.shown() }).toMatchObject({ status: 0 });
        expect(held.terminal.raw()).not.toContain(PASSWORD);
        return held.terminal.shown();
      };
      expect(await keep({ keep: [[DOWN, ENTER]] })).toContain("Set DB_PASSWORD to the password");
      expect(config()).toContain("password_secret: env:DB_PASSWORD");
      project.write("password.txt", PASSWORD);
      const command = {
        command: [
          ["echo other", ENTER],
          ["\x15", "cat password.txt", ENTER],
        ],
      };
      expect(await keep({ keep: [[DOWN, DOWN, ENTER]], anyway: [["n"]], ...command })).toContain(
        "something else than the password",
      );
      expect(config()).toContain("password_secret: cmd:cat password.txt");
      await keep({ keep: [[DOWN, DOWN, DOWN, ENTER]] });
      expect(statSync(join(project.folder, "ditto.yaml")).mode & 0o777).toBe(0o600);
      const read = await loadConfig({ configPath: join(project.folder, "ditto.yaml"), env: {} });
      expect(read.source?.password).toBe(PASSWORD);
      expect(existsSync(project.home)).toBe(false);
    });

    test("ticked off, a column is kept", async () => {
      const held = await holdInterview(project, { ...replies(), rules: [[" ", ENTER]] }, { env });
      expect(held.status).toBe(0);
      expect(config()).toContain("- { table: customers, column: first_name, strategy: keep }");
      expect(config()).toContain("- { table: customers, column: email, strategy: replace, type: email }");
    });

    test("the built-in sample needs no source, and the next command loads it", async () => {
      const { status, asked, terminal } = await holdInterview(
        project,
        { kind: [[DOWN, ENTER]], base: [["n"]] },
        { env },
      );
      expect(status).toBe(0);
      expect(asked).not.toContain("url");
      expect(terminal.shown()).toMatch(/reseed\.ts --from \S+shop-postgres\.sql/);
      expect(config()).toContain("No source");
    });

    test("without colours, and on 60 columns", async () => {
      const held = await holdInterview(project, replies(), { env: { ...env, NO_COLOR: "1" }, cols: 60 });
      expect(held.status).toBe(0);
      expect(held.terminal.raw()).not.toMatch(/\x1b\[3[0-7]m/);
    });

    test("nobody to ask: it says what to type, and asks nothing", async () => {
      rmSync(join(project.folder, "ditto.yaml"), { force: true });
      expect(await project.run("setup", [])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("--yes --url"),
      });
      expect(await project.run("setup", ["--yes"])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("--url is missing"),
      });
      const dumb = await holdInterview(project, {}, { env: { TERM: "dumb" } });
      expect([dumb.status, dumb.terminal.shown()]).toEqual([2, expect.stringContaining("TERM=dumb")]);
      nothing();
    });
  },
);

onEachGround("setup.ts --uninstall", (stage) => {
  test("lists what is there, asks, and leaves nothing of it but what is not its own", async () => {
    const { project } = stage;
    const envFile = project.write("app/.env.local", "DATABASE_URL=old\n");
    const { connection_string } = await stage.create("--name", "one");
    await countItems(connection_string);
    await project.must("snapshot", ["create", "one", "before"]);
    await project.must("env", ["patch", "app/.env.local", "--copy", "one"]);
    mkdirSync(join(project.home, "mine"));
    const theirs = ["ditto.yaml", "projects/site/index.html", "secrets/prod"];
    for (const name of theirs) project.write(join("home", name), "project: shop\n");
    const list = await project.run("setup", ["--uninstall"]);
    expect(list.status).toBe(1);
    for (const said of [
      "1 copy: one",
      "1 snapshot: one/before",
      "1 base: ",
      ".env.local (put back",
      "the state folder",
      "ditto.yaml, mine, projects/site, secrets/prod, which ditto",
    ])
      expect(list.stderr).toContain(said);
    expect(readFileSync(envFile, "utf8")).not.toBe("DATABASE_URL=old\n");
    const gone = await project.json("setup", ["--uninstall", "--yes"]);
    expect(gone).toMatchObject({
      copies: 1,
      bases: 1,
      snapshots: 1,
      left: ["ditto.yaml", "mine", "projects/site", "secrets/prod"],
    });
    expect(readFileSync(envFile, "utf8")).toBe("DATABASE_URL=old\n");
    expect(project.files()).toEqual(["mine", "projects", "projects/site", "secrets", ...theirs].sort());
    const { docker } = readProvisioned();
    expect(docker.available ? await stage.leftovers() : []).toEqual([]);
    expect(await project.json("setup", ["--uninstall", "--yes"])).toMatchObject({ copies: 0 });
  });
});
