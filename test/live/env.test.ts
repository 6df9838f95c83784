import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { attempt } from "../provision/exec.ts";
import { configOf, countItems, ITEMS, onEachGround, soak } from "./support/ground.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(60_000);

const says = (pattern: RegExp) => expect.stringMatching(pattern);
const SCRIPT = `${import.meta.dir}/../../scripts/env.ts`;
const OLD = "postgres://app:prod@db.example.com:5432/shop";
const FILE = `# the shop\nexport DATABASE_URL="${OLD}" # production!\nX=1\n`;

onEachGround("env.ts", (stage) => {
  afterEach(async () => {
    stage.project.configure(configOf(stage.ground));
    await stage.copy(["delete", "--all", "--yes"]);
    expect(await stage.leftovers()).toEqual([]);
    rmSync(stage.project.folder + "/app", { recursive: true, force: true });
  });

  const env = (...args: string[]) => stage.project.run("env", args);
  const read = (name = "app/.env.local") => readFileSync(join(stage.project.folder, name), "utf8");
  const urlIn = (text: string) => /DATABASE_URL="?(\w+:\/\/[^\s"]+)/.exec(text)?.[1] ?? "";
  const patch = (...args: string[]) => env("patch", "app/.env.local", ...args);

  /** A shell line in which `$env` is the script, in the project's folder. */
  const shell = (line: string, program = "bash") =>
    attempt([program, "-c", `cd $folder; ${line.replaceAll("$env", `"${process.execPath}" "${SCRIPT}"`)}`], {
      env: { ...stage.env, folder: stage.project.folder },
    });

  const SEE = 'echo "$DATABASE_URL $DITTO_COPY_ID"';

  const missing = ["dash", "fish"].filter((program) => Bun.which(program) === null);

  test.skipIf(missing.length > 0)(
    "export sets the variables in bash, sh and fish, and makes the copy once",
    async () => {
      const url = /'(.+)'/.exec((await env("export", "--name", "b")).stdout)?.[1] ?? "";
      expect(await countItems(url)).toBe(ITEMS);
      const [copy] = await stage.list();
      expect(copy).toMatchObject({ name: "b", expires_at: null });
      for (const [program, line] of [
        ["bash", 'eval "$($env export --name b)"'],
        ["bash", "eval $($env export --name b)"],
        ["dash", 'eval "$($env export --name b)"'],
        ["dash", "$env export --name b --shell dotenv > vars; set -a; . ./vars"],
        ["fish", "$env export --name b --shell fish | source"],
        ["fish", "eval ($env export --name b --shell fish)"],
      ] as const) {
        const { stdout } = await shell(`${line}; sh -c '${SEE}'`, program);
        expect({ line, stdout }).toEqual({ line, stdout: `${url} ${copy?.id}\n` });
      }
      expect(await stage.list()).toHaveLength(1);
    },
  );

  test("without a name each export is a copy of its own, which expires; with one all are the same", async () => {
    expect((await env("export")).stderr).toMatch(/^Copy \w+ expires in 2 h$/m);
    expect((await env("export", "--ttl", "20m")).stderr).toMatch(/^Copy \w+ expires in 20 min$/m);
    const names = await Promise.all([1, 2, 3].map(() => env("export", "--name", "same")));
    expect(new Set(names.map(({ status, stdout }) => `${status} ${stdout}`)).size).toBe(1);
    expect(names[0]).toMatchObject({ status: 0, stderr: says(/^Copy same stays until it is deleted$/m) });
    expect((await stage.list()).map(({ name }) => name).sort()).toEqual(["", "", "same"]);
  });

  test("--copy takes one that is there, started again when it was stopped", async () => {
    const copy = await stage.create("--name", "work");
    await stage.copy(["stop", "work"]);
    const { stdout } = await env("export", "--copy", copy.id.slice(0, 22), "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      id: copy.id,
      connection_string: copy.connection_string,
      env: { DATABASE_URL: copy.connection_string, DITTO_COPY_ID: copy.id },
    });
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    expect(await env("export", "--copy", "nobody")).toMatchObject({ status: 1, stdout: "" });
    expect(await env("export", "--copy", "work", "--name", "work")).toMatchObject({ status: 2, stdout: "" });
    expect(await env("export", "--shell", "tcsh")).toMatchObject({ status: 2, stdout: "", stderr: says(/bash.*fish/) });
  });

  test("a raw copy is not taken by its name, and the way out is a flag of this script", async () => {
    const { id } = await stage.create("--name", "real");
    const file = join(stage.project.home, "copies", `${id}.json`);
    await Bun.write(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), raw: true }));
    expect(await env("export", "--name", "real")).toMatchObject({
      ...{ status: 2, stdout: "" },
      stderr: says(
        /^Cannot reuse "real": it holds raw rows.*\nSay --copy real if that is meant, or give another name\n$/,
      ),
    });
    expect(await env("export", "--copy", "real")).toMatchObject({ status: 0 });
  });

  test("@branch is the current git branch", async () => {
    await attempt(["git", "init", "-qb", "feature/Nice-One", join(stage.project.folder, "app")]);
    await attempt([
      "git",
      "-C",
      join(stage.project.folder, "app"),
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@b",
      "commit",
      "-qm",
      "x",
      "--allow-empty",
    ]);
    const config = ["--config", join(stage.project.folder, "ditto.yaml")];
    const { stderr } = await stage.project.must("env", ["export", "--name", "@branch", ...config], {
      cwd: join(stage.project.folder, "app"),
    });
    expect(stderr).toContain("Copy feature-nice-one stays");
  });

  test("patch changes its line alone, and delete puts it back", async () => {
    const path = stage.project.write("app/.env.local", FILE);
    chmodSync(path, 0o640);
    const { status, stdout, stderr } = await patch("--name", "work");
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        /^Wrote DATABASE_URL to app\/\.env\.local; "bun \/\S+\/scripts\/env\.ts destroy work" puts the old value back\n$/,
      ),
    });
    expect(stderr).not.toMatch(/:\/\//);
    const url = urlIn(read());
    expect(await countItems(url)).toBe(ITEMS);
    expect(read()).toBe(FILE.replace(OLD, url));
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const [record = ""] = readdirSync(join(stage.project.home, "patches"));
    expect(statSync(join(stage.project.home, "patches", record)).mode & 0o777).toBe(0o600);
    expect((await stage.copy(["logs", "work"])).stdout).toMatch(/patched {2}file=\S+\.env\.local/);
    expect(await stage.copy(["delete", "work"])).toMatchObject({
      status: 0,
      stdout: "Deleted work\n",
      stderr: "Put back DATABASE_URL in app/.env.local\n",
    });
    expect(read()).toBe(FILE);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test("destroy puts back all that a copy patched, and answers with it", async () => {
    stage.project.write("app/.env.local", FILE);
    stage.project.write("app/web.env", "X=1");
    await Promise.all([patch("--name", "work"), env("patch", "app/web.env", "--name", "work")]);
    expect(read("app/web.env")).toBe(`X=1\nDATABASE_URL=${urlIn(read())}`);
    const answer = await stage.project.json<{ files: { file: string }[] }>("env", ["destroy", "work"]);
    expect(answer).toMatchObject({ copies: [{ name: "work", status: "destroyed" }] });
    expect(answer.files.map(({ file }) => file).sort()).toEqual(
      ["app/.env.local", "app/web.env"].map((name) => join(stage.project.folder, name)),
    );
    expect([read(), read("app/web.env")]).toEqual([FILE, "X=1"]);
    expect(await env("destroy", "work")).toMatchObject({ status: 1 });
    expect(await env("destroy")).toMatchObject({ status: 2 });
  });

  test("a file that was not there is made for its owner's eyes, and goes with the copy", async () => {
    mkdirSync(join(stage.project.folder, "app"));
    await patch("--name", "work");
    expect(statSync(join(stage.project.folder, "app/.env.local")).mode & 0o777).toBe(0o600);
    await env("destroy", "work");
    expect(existsSync(join(stage.project.folder, "app/.env.local"))).toBe(false);
  });

  test("expiry puts the file back", async () => {
    stage.project.write("app/.env.local", FILE);
    await patch("--ttl", "1s");
    await Bun.sleep(1_100);
    await stage.copy(["prune"]);
    // The command itself may have seen it expire, and sweeps in the background.
    await until(() => read() === FILE);
  });

  test("two copies in one file: the second counts, and each end puts back what then stands there", async () => {
    stage.project.write("app/.env.local", FILE);
    await patch("--name", "one");
    const one = read();
    await patch("--name", "two");
    const two = read();
    expect(await countItems(urlIn(two))).toBe(ITEMS);
    await env("destroy", "two");
    expect(read()).toBe(one);
    await patch("--name", "two");
    const again = read();
    await env("destroy", "one");
    expect(read()).toBe(again);
    await env("destroy", "two");
    expect(read()).toBe(FILE);
  });

  test("what was changed by hand stays and is named; a file that was removed is no error", async () => {
    stage.project.write("app/.env.local", FILE);
    await patch("--name", "work");
    stage.project.write("app/.env.local", "DATABASE_URL=mine\n");
    expect(await env("destroy", "work")).toMatchObject({
      status: 0,
      stderr: "Note: DATABASE_URL in app/.env.local has another value by now, which stays\n",
    });
    expect(read()).toBe("DATABASE_URL=mine\n");
    await patch("--name", "work");
    rmSync(join(stage.project.folder, "app/.env.local"));
    expect(await env("destroy", "work")).toMatchObject({ status: 0, stderr: "" });
    expect(existsSync(join(stage.project.folder, "app/.env.local"))).toBe(false);
  });

  test("a link is followed, and stays a link", async () => {
    stage.project.write("app/shared.env", FILE);
    symlinkSync("shared.env", join(stage.project.folder, "app/.env.local"));
    await patch("--name", "work");
    expect(lstatSync(join(stage.project.folder, "app/.env.local")).isSymbolicLink()).toBe(true);
    expect(urlIn(read("app/shared.env"))).toContain("@127.0.0.1:");
    await env("destroy", "work");
    expect(read("app/shared.env")).toBe(FILE);
  });

  test("a file of another user's stays that user's", async () => {
    const path = stage.project.write("app/.env.local", FILE);
    if (process.getuid?.() !== 0) return;
    const { chownSync } = await import("node:fs");
    chownSync(path, 1234, 1234);
    await patch("--name", "work");
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 1234 });
    await env("destroy", "work");
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 1234 });
  });

  test("what must not be patched is refused before a copy is made", async () => {
    const folder = join(stage.project.folder, "app");
    const git = (...args: string[]) => attempt(["git", "-C", folder, ...args]);
    stage.project.write("app/.env", FILE);
    await git("init", "-q");
    await git("add", ".env");
    symlinkSync(".env", join(folder, "link"));
    symlinkSync("nowhere", join(folder, "dangling"));
    mkdirSync(join(folder, "folder"));
    stage.project.write("app/utf16", Buffer.from("\uFEFFX=1\n", "utf16le"));
    stage.project.write("app/latin1", Buffer.from("X=caf\xE9\n", "latin1"));
    chmodSync(stage.project.write("app/locked", FILE), 0o444);
    for (const [name, state] of [
      [".env", /git tracks it/],
      ["link", /git tracks it/],
      ["dangling", /link to nothing/],
      ["folder", /no regular file/],
      ["utf16", /not written in UTF-8/],
      ["latin1", /not written in UTF-8/],
      ["locked", /read-only/],
      ["none/.env.local", /folder does not exist/],
    ] as const) {
      const { status, stdout, stderr } = await env("patch", `app/${name}`);
      expect({ name, status, stdout, stderr }).toEqual({ name, status: 1, stdout: "", stderr: says(state) });
    }
    expect(await stage.list()).toEqual([]);
    expect(read("app/.env")).toBe(FILE);
    expect((await env("patch", "app/unignored")).stderr).toContain("Note: git doesn't ignore app/unignored");
  });

  test("a file that can't be put back is named, the copy goes, and prune puts it back later", async () => {
    const path = stage.project.write("app/.env.local", FILE);
    await patch("--name", "work");
    chmodSync(path, 0o444);
    expect(await env("destroy", "work")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: says(/^Cannot put back ".+": it is read-only\n.*prune/),
    });
    expect(await stage.list()).toEqual([]);
    expect(await stage.copy(["prune"])).toMatchObject({ status: 1, stderr: says(/read-only/) });
    chmodSync(path, 0o644);
    expect((await stage.copy(["prune"])).stdout).toMatch(/^Removed what copy \w+ wrote into files/);
    expect(read()).toBe(FILE);
  });

  test("kill -9 at any moment of a patch or its end leaves a whole file, and the next prune puts it back", async () => {
    stage.project.write("app/.env.local", FILE);
    await stage.create("--name", "first");
    const times = [await patch("--copy", "first"), await env("destroy", "first")].map(({ ms }) => ms);
    const killed = async (args: string[], ms = 0) => {
      const running = stage.project.start("env", args);
      await Bun.sleep(ms);
      running.kill("SIGKILL");
      await running.done;
      expect(read().replace(urlIn(read()), OLD)).toBe(FILE);
    };
    for (const part of soak ? [0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1] : [0.6, 0.8, 0.95]) {
      await stage.create("--name", "work");
      await killed(["patch", "app/.env.local", "--copy", "work"], (times[0] ?? 0) * part);
      await killed(["destroy", "work"], (times[1] ?? 0) * part);
      await stage.copy(["prune"]);
      for (const { id } of await stage.list()) await stage.copy(["delete", id]);
      const files = readdirSync(join(stage.project.folder, "app"));
      expect({ part, text: read(), files }).toEqual({ part, text: FILE, files: [".env.local"] });
    }
  });

  test("prune removes what a killed writer left beside a patched file, and nobody else's", async () => {
    stage.project.write("app/.env.local", FILE);
    await patch("--name", "work");
    const dead = 4_194_303;
    for (const name of [
      `.env.local.${dead}.0badcafe.tmp`,
      `.env.local.${process.pid}.0badcafe.tmp`,
      `x.${dead}.0badcafe.tmp`,
    ])
      stage.project.write(`app/${name}`, "");
    await stage.copy(["prune"]);
    expect(readdirSync(join(stage.project.folder, "app")).sort()).toEqual(
      [".env.local", `.env.local.${process.pid}.0badcafe.tmp`, `x.${dead}.0badcafe.tmp`].sort(),
    );
  });

  test("a variable that the source is read from is not set to a copy", async () => {
    stage.project.configure({ ...configOf(stage.ground), source: { url: "env:DATABASE_URL" } });
    for (const args of [["export"], ["patch", "app/.env.local"]]) {
      expect(await env(...args)).toMatchObject({ status: 2, stdout: "", stderr: says(/read from it.*\n.*SOURCE_URL/) });
    }
    expect(await stage.list()).toEqual([]);
  });

  test("the variables are those of source.env, in a file as for a command", async () => {
    const forms = { DB_HOST: "host", DB_PORT: "port", DB_JDBC: "jdbc", DB_GO: "dsn-go", DB_PASSWORD: "password" };
    stage.project.configure({ ...configOf(stage.ground), source: { url: OLD, env: forms } });
    stage.project.write("app/.env.local", "DB_PORT=5432\nDATABASE_URL=other\nDB_HOST=localhost\n");
    const { variables } = await stage.project.json<{ variables: string[] }>("env", [
      "patch",
      "app/.env.local",
      "--name",
      "work",
    ]);
    expect(variables).toEqual(Object.keys(forms));
    expect(read()).toMatch(
      /^DB_PORT=\d+\nDATABASE_URL=other\nDB_HOST=127\.0\.0\.1\nDB_JDBC='jdbc:\S+'\nDB_GO=\S+\nDB_PASSWORD=\S+\n$/,
    );
    const sourced = await shell(`set -a; . app/.env.local; echo "$DB_HOST|$DB_PORT|$DB_JDBC|$DB_GO|$DB_PASSWORD"`);
    const given = await env(
      "--name",
      "work",
      "--",
      "sh",
      "-c",
      'echo "$DB_HOST|$DB_PORT|$DB_JDBC|$DB_GO|$DB_PASSWORD"',
    );
    expect(sourced.stdout).toBe(given.stdout);
  });

  test("-- CMD runs on a copy of its own that goes, or on a named one that stays; the status is CMD's", async () => {
    expect(await env("--", "sh", "-c", "exit 7")).toMatchObject({ status: 7 });
    expect(await stage.list()).toEqual([]);
    const first = await env("--name", "work", "--", "sh", "-c", `${SEE}; exit 9`);
    expect(first.status).toBe(9);
    expect(await env("--copy", "work", "--", "sh", "-c", SEE)).toMatchObject({ status: 0, stdout: first.stdout });
    expect(await countItems(first.stdout.split(" ")[0] ?? "")).toBe(ITEMS);
    expect(await env("--name", "work", "--", "no-such-command")).toMatchObject({
      status: 127,
      stdout: "",
      stderr: says(/not found/),
    });
    expect(await env("--name", "work", "--", "sh", "-c", "kill -TERM $$")).toMatchObject({ status: 143 });
    expect(await env("--copy", "nobody", "--", "true")).toMatchObject({ status: 125 });
    expect(await env("--name", "Not A Name", "--", "true")).toMatchObject({ status: 2 });
    expect(await env("--")).toMatchObject({ status: 2, stderr: says(/command is missing/) });
    expect(await env()).toMatchObject({ status: 2, stderr: says(/export, patch, destroy/) });
    expect(await stage.list()).toMatchObject([{ name: "work", status: "ready" }]);
  });

  test("a signal to ditto reaches the command, and the named copy stays", async () => {
    const running = stage.project.start("env", [
      "--name",
      "work",
      "--",
      "sh",
      "-c",
      "trap 'echo got; exit 8' TERM; echo up; while :; do sleep 0.1; done",
    ]);
    await until(() => running.stdout().includes("up"));
    running.kill("SIGTERM");
    expect(await running.done).toMatchObject({ status: 8, stdout: "up\ngot\n" });
    expect(await stage.list()).toMatchObject([{ name: "work" }]);
  });

  test("on GitHub Actions the password is masked, and stdout is the lines alone", async () => {
    const { stdout, stderr } = await stage.project.must("env", ["export", "--name", "work"], {
      env: { GITHUB_ACTIONS: "true" },
    });
    const password = new URL(/'(\w+:\/\/[^']+)'/.exec(stdout)?.[1] ?? "").password;
    expect(stderr).toContain(`::add-mask::${password}`);
    expect(stdout).toMatch(/^export DATABASE_URL='\S+';\nexport DITTO_COPY_ID='\w+';\n$/);
  });
});
