import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { attempt } from "../provision/exec.ts";
import { ask, type Copy, countItems, ITEMS, onEachGround, testWhere } from "./support/ground.ts";

setDefaultTimeout(60_000);

const SCRIPT = `${import.meta.dir}/../../scripts/copy.ts`;

onEachGround("the commands of copy.ts", (stage) => {
  afterEach(() => stage.copy(["delete", "--all", "--yes"]));

  /** A shell line as a user types it in the project's folder; `$copy` is the script. */
  const shell = (line: string) =>
    attempt(["sh", "-c", `cd "$folder" && ${line.replaceAll("$copy", `"${process.execPath}" "${SCRIPT}"`)}`], {
      env: { ...stage.env, folder: stage.project.folder },
    });

  test("create prints a URL on which the whole base is", async () => {
    const { status, stdout, stderr } = await stage.copy(["create"]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\w+:\/\/ditto:\S+@127\.0\.0\.1:\d+\/\w+\n$/),
    });
    expect(stderr).toMatch(/^Copy \w+ is ready in .+ \((pool|reflink|image|copy)\)$/m);
    expect(await countItems(stdout.trim())).toBe(ITEMS);
  });

  testWhere(stage.ground.engine === "postgres")('psql "$(copy.ts create)" works', async () => {
    const counted = await shell(`psql "$($copy create)" -Atc 'SELECT count(*) FROM items'`);
    expect(counted).toMatchObject({ status: 0, stdout: `${ITEMS}\n` });
  });

  test("--format chooses between the URL alone and JSON", async () => {
    const [pipe, json] = await Promise.all(
      ["pipe", "json"].map((format) => stage.copy(["create", "--format", format])),
    );
    expect(pipe).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^\w+:\/\/\S+\n$/) });
    expect(json).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(json?.stdout ?? "")).toMatchObject({ status: "ready", database: expect.any(String) });
    expect(await stage.copy(["create", "--format", "xml"])).toMatchObject({ status: 2, stdout: "" });
  });

  test("the JSON of a copy has every field of the contract, and list leaves the password out", async () => {
    const copy = await stage.create("--name", "whole", "--label", "team=shop", "--label", "pr=7");
    const { connection_string, ...rest } = copy;
    const port = copy.port;
    const [listed] = await stage.list();
    expect(listed).toEqual({ ...(rest as Copy), disk_bytes: expect.any(Number), snapshots: [] });
    expect(copy).toMatchObject({
      ...{ id: expect.stringMatching(/^[0-9a-z]{26}$/), name: "whole", project: "shop", source: "default" },
      ...{ status: "ready", engine: stage.ground.server.split(":")[0], runtime: stage.ground.runtime },
      ...{ version: expect.stringMatching(/^\d/), host: "127.0.0.1", port: expect.any(Number), user: "ditto" },
      ...{ internal_url: "", base_id: expect.any(String), dump_key: expect.stringMatching(/\.dump$|^$/) },
      ...{ method: expect.stringMatching(/^(pool|reflink|image|copy)$/), ready_ms: expect.any(Number), warm: false },
      ...{ ttl_seconds: null, labels: { team: "shop", pr: "7" }, run_id: "", job_name: "", expires_at: null },
      ...{ created_at: expect.stringMatching(/Z$/), ready_at: expect.stringMatching(/Z$/), error_message: "" },
    });
    expect(connection_string).toContain(`@127.0.0.1:${port}/`);
    const secret = new URL(connection_string).password;
    for (const format of [[], ["--json"]]) expect((await stage.copy(["list", ...format])).stdout).not.toContain(secret);
  });

  test("--json answers with one JSON document on every command, and on every error", async () => {
    const id = (await stage.create("--name", "talk")).id;
    const calls = [
      ...[["list"], ["ls"], ["url", "talk"], ["sql", "talk", "-c", "SELECT 1 AS one"], ["logs", id], ["prune"]],
      ...[["logs", "talk", "--server"], ["sql", "talk"], ["shell", "talk"], ["url", "nobody"], ["url"], ["frobnicate"]],
      ...[["create", "--name", "talk"], ["create", "--port", "0"], ["run"], ["delete"], ["sql", "talk", "-c", "SELEC"]],
      ...[
        ["run", "--name", "talk", "--", "true"],
        ["delete", "talk"],
        ["rm", "talk"],
      ],
    ];
    for (const call of calls) {
      const { status, stdout } = await stage.copy([call[0] ?? "", "--json", ...call.slice(1)]);
      const answer = JSON.parse(stdout);
      if (status === 0) expect({ call, answer }).not.toHaveProperty("answer.error");
      else
        expect({ call, answer }).toMatchObject({
          answer: { error: { code: expect.any(String), message: expect.stringMatching(/^Cannot /) } },
        });
    }
  });

  test("url, sql and shell lead into the copy; logs tell what happened to it", async () => {
    const { connection_string, id } = await stage.create("--name", "inside");
    expect((await stage.copy(["url", "inside"])).stdout).toBe(`${connection_string}\n`);
    expect((await stage.copy(["url", id.slice(0, 20)])).stdout).toBe(`${connection_string}\n`);
    expect((await stage.copy(["sql", "inside", "-c", "SELECT 40 + 2 AS answer"])).stdout).toContain("42");
    expect((await stage.copy(["sql", "inside"], { input: "SELECT 41 + 2 AS answer;\n" })).stdout).toContain("43");
    expect((await stage.copy(["sql", "inside", "-c", "SELECT nothing"])).status).not.toBe(0);
    const hello = await stage.copy(["shell", "inside"], { input: "echo from $((1 + 1)) shells; exit 3\n" });
    expect(hello).toMatchObject({ status: 3, stdout: "from 2 shells\n" });
    expect((await stage.copy(["logs", "inside"])).stdout).toMatch(/Z {2}created {2}method=/);
    expect((await stage.copy(["logs", "inside", "--server"])).stdout).toMatch(/ready (to accept|for) connections/);
  });

  test("sql --json answers with the rows", async () => {
    await stage.create("--name", "rows");
    const rows = await stage.project.json<object[]>("copy", [
      "sql",
      "rows",
      "-c",
      "SELECT id, name FROM items WHERE id < 3 ORDER BY id",
    ]);
    expect(rows).toEqual([
      { id: 1, name: "item 1" },
      { id: 2, name: "item 2" },
    ]);
  });

  test("run gives the command its database, deletes the copy, and keeps stdout for the command", async () => {
    const { stdout, stderr, status } = await stage.copy([
      "run",
      "--",
      "sh",
      "-c",
      'echo "$DATABASE_URL $DITTO_COPY_ID"',
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("nothing but ditto connected") });
    expect(stdout).toMatch(/^\w+:\/\/ditto:\S+@127\.0\.0\.1:\d+\/\w+ [0-9a-z]{26}\n$/);
    expect(await stage.list()).toEqual([]);
  });

  test("run sets the variables that the source's env names", async () => {
    stage.project.configure({
      ...JSON.parse(await Bun.file(`${stage.project.folder}/ditto.yaml`).text()),
      source: {
        url: "postgres://nobody@localhost/none",
        env: { DB_HOST: "host", DB_NAME: "database", DB_JDBC: "jdbc" },
      },
    });
    const { stdout } = await stage.copy(["run", "--", "sh", "-c", 'echo "$DB_HOST|$DB_NAME|$DB_JDBC|$DATABASE_URL"']);
    expect(stdout).toMatch(/^127\.0\.0\.1\|\w+\|jdbc:\w+:\S+\|\n$/);
  });

  test("delete takes several, by name and by id, and says what it did", async () => {
    const copies = await Promise.all([stage.create("--name", "one"), stage.create("--name", "two"), stage.create()]);
    const { status, stdout } = await stage.copy(["rm", "one", copies[2]?.id ?? "", "one"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `Deleted one\nDeleted ${copies[2]?.id}\n` });
    expect((await stage.list()).map(({ name }) => name)).toEqual(["two"]);
    await expect(ask(copies[0]?.connection_string ?? "", "SELECT 1")).rejects.toThrow();
    expect(await countItems(copies[1]?.connection_string ?? "")).toBe(ITEMS);
  });

  test("delete deletes nothing when one of the names is unknown, and nothing of an empty name", async () => {
    await stage.create("--name", "stays");
    expect(await stage.copy(["delete", "stays", "goes"])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/Cannot find the copy "goes"/),
    });
    expect(await stage.copy(["delete", ""])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/is empty/),
    });
    expect((await stage.list()).map(({ name }) => name)).toEqual(["stays"]);
  });

  test("--all asks, and without a terminal refuses; --yes answers", async () => {
    await stage.create("--name", "asked");
    expect(await stage.copy(["delete", "--all"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/--yes/),
    });
    expect((await stage.list()).length).toBe(1);
    expect(await stage.copy(["delete", "--all", "--yes"])).toMatchObject({ status: 0, stdout: "Deleted asked\n" });
    expect(await stage.leftovers()).toEqual([]);
  });

  test("prune has nothing to do after everything was deleted", async () => {
    expect(await stage.copy(["prune"])).toMatchObject({ status: 0, stdout: "Nothing to remove\n" });
    expect(await stage.project.json("copy", ["prune"])).toEqual({ removed: [], lost: [], failed: [] });
  });

  test("a branch names a copy", async () => {
    await shell("git init -q -b feature/Über-2 .");
    await shell("git -c user.name=t -c user.email=t@localhost commit -q --allow-empty -m x");
    expect((await stage.create("--name", "@branch")).name).toBe("feature-uber-2");
    expect((await stage.copy(["url", "@branch"])).status).toBe(0);
    await shell("rm -rf .git");
    expect(await stage.copy(["url", "@branch"])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no current git branch/),
    });
  });
});
