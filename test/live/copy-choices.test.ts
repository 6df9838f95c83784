import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { configOf, onEachGround } from "./support/ground.ts";

setDefaultTimeout(60_000);

const says = (pattern: RegExp) => expect.stringMatching(pattern);

/** Listens where a copy would like to; resolves to the server when its port is taken. */
function occupy(port = 0): Promise<Server & { port: number }> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(Object.assign(server, { port: typeof address === "object" && address ? address.port : 0 }));
    });
  });
}

/** The first of `length` ports in a row that nobody uses. */
async function freeRange(length: number): Promise<number> {
  for (;;) {
    const first = await occupy();
    const { port } = first;
    const others = await Promise.all(
      Array.from({ length: length - 1 }, (_, at) => occupy(port + 1 + at).catch(() => undefined)),
    );
    for (const server of [first, ...others]) server?.close();
    if (others.every((server) => server !== undefined)) return port;
  }
}

onEachGround("what a copy may be told", (stage) => {
  afterEach(async () => {
    stage.project.configure(configOf(stage.ground));
    await stage.copy(["delete", "--all", "--yes"]);
  });

  test("a name is taken once, also by two at the same time, and free again after delete", async () => {
    const both = await Promise.all([
      stage.copy(["create", "--name", "twin"]),
      stage.copy(["create", "--name", "twin"]),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([0, 1]);
    expect(both.find(({ status }) => status === 1)).toMatchObject({
      stdout: "",
      stderr: says(/there is a copy of this name/),
    });
    expect((await stage.list()).length).toBe(1);
    await stage.copy(["delete", "twin"]);
    expect((await stage.create("--name", "twin")).status).toBe("ready");
  });

  test("a name that is none is refused with one that would do", async () => {
    const { status, stderr } = await stage.copy(["create", "--name", "Feature X!"]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: says(/Cannot use "Feature X!".*\nTry "feature-x"/) });
  });

  test("an id prefix means its copy while it is unique; a wrong name is answered with the nearest", async () => {
    const [one, two] = [await stage.create("--name", "feature-login"), await stage.create()];
    expect(await stage.copy(["url", one.id.slice(0, 4)])).toMatchObject({
      status: 2,
      stderr: says(/2 ids begin with it/),
    });
    expect((await stage.copy(["url", one.id])).stdout).toBe(`${one.connection_string}\n`);
    expect((await stage.copy(["url", two.id.slice(0, -1)])).stdout).toBe(`${two.connection_string}\n`);
    expect(await stage.copy(["url", "featur-login"])).toMatchObject({
      status: 1,
      stderr: says(/Did you mean "feature-login"/),
    });
  });

  test("an unnamed copy expires, a named one doesn't, and --ttl decides for both", async () => {
    const life = async (...args: string[]) => {
      const { ttl_seconds, expires_at, created_at } = await stage.create(...args);
      if (expires_at !== null)
        expect(Date.parse(expires_at) - Date.parse(String(created_at))).toBe(Number(ttl_seconds) * 1000);
      return ttl_seconds;
    };
    expect(await Promise.all([life(), life("--name", "stays"), life("--ttl", "never")])).toEqual([7200, null, null]);
    expect(await Promise.all([life("--name", "goes", "--ttl", "30m"), life("--ttl", "90")])).toEqual([1800, 90]);
    expect(await stage.copy(["create", "--ttl", "soon"])).toMatchObject({ status: 2, stdout: "" });
    expect(await stage.copy(["create", "--ttl", "100000000d"])).toMatchObject({ status: 2, stdout: "" });
    expect(await stage.copy(["create", "--label", "nonsense"])).toMatchObject({ status: 2, stderr: says(/KEY=VALUE/) });
  });

  test("--port is taken as it is, and refused when somebody has it", async () => {
    const port = await freeRange(1);
    expect((await stage.create("--port", String(port), "--name", "first")).port).toBe(port);
    const refusal = { status: 1, stdout: "", stderr: says(new RegExp(`port ${port} is in use`)) };
    expect(await stage.copy(["create", "--port", String(port)])).toMatchObject(refusal);
    await stage.copy(["delete", "first"]);
    const other = await occupy(port);
    expect(await stage.copy(["create", "--port", String(port)])).toMatchObject(refusal);
    other.close();
    expect(await stage.list()).toEqual([]);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("copies side by side share out a range of ports, pass by what others use, and say when it is used up", async () => {
    const from = await freeRange(6);
    const foreign = await occupy(from + 2);
    stage.project.configure(configOf(stage.ground, { copy: { ports: `${from}-${from + 5}` } }));
    const made = await Promise.all(Array.from({ length: 5 }, () => stage.create()));
    expect(made.map(({ port }) => port - from).sort()).toEqual([0, 1, 3, 4, 5]);
    expect(await stage.copy(["create"])).toMatchObject({ status: 1, stderr: says(/every port of .* is in use/) });
    foreign.close();
    expect((await stage.create()).port).toBe(from + 2);
  });

  test("there are never more copies than copy.max_copies", async () => {
    stage.project.configure(configOf(stage.ground, { copy: { max_copies: 2 } }));
    const made = await Promise.all(Array.from({ length: 4 }, () => stage.copy(["create"])));
    expect(made.map(({ status }) => status).sort()).toEqual([0, 0, 1, 1]);
    expect(made.find(({ status }) => status === 1)?.stderr).toMatch(/copy\.max_copies is 2/);
    expect((await stage.list()).length).toBe(2);
  });

  test("at disk.max nothing new is made, and what is there works on", async () => {
    await stage.project.must("copy", ["create", "--name", "one"]);
    stage.project.configure(configOf(stage.ground, { disk: { max: "1M" } }));
    for (const [script, args] of [
      ["copy", ["create"]],
      ["snapshot", ["create", "one"]],
      ["reseed", ["--from", "nothing.sql"]],
    ] as const) {
      expect(await stage.project.run(script, [...args])).toMatchObject({
        status: 1,
        stderr: says(
          /^Cannot .*: bases, copies, snapshots and dumps take .*, and disk\.max is 1\.00 MB\n.*status\.ts/m,
        ),
      });
    }
    await stage.project.must("copy", ["sql", "one", "-c", "SELECT 1"]);
    stage.project.configure(configOf(stage.ground, { disk: { max: "100G" } }));
    await stage.project.must("copy", ["create"]);
  });

  test("copy.settings reach the server, and wrong ones end with its own words", async () => {
    const setting = stage.ground.engine === "postgres" ? "work_mem" : "sort_buffer_size";
    stage.project.configure(
      configOf(stage.ground, {
        copy: { settings: { [setting]: "8MB".slice(0, stage.ground.engine === "postgres" ? 3 : 2) } },
      }),
    );
    await stage.create("--name", "set");
    const { stdout } = await stage.copy([
      "sql",
      "set",
      "-c",
      stage.ground.engine === "postgres" ? "SHOW work_mem" : "SELECT @@sort_buffer_size",
    ]);
    expect(stdout).toMatch(/8MB|8388608/);
    stage.project.configure(configOf(stage.ground, { copy: { settings: { no_such_setting: "1" } } }));
    expect(await stage.copy(["create"])).toMatchObject({ status: 1, stderr: says(/no_such_setting/) });
    expect((await stage.list()).length).toBe(1);
  });

  test("an address that this machine doesn't have is refused", async () => {
    stage.project.configure(configOf(stage.ground, { copy: { bind: "203.0.113.9" } }));
    expect(await stage.copy(["create"])).toMatchObject({ status: 2, stderr: says(/"203\.0\.113\.9"/) });
    expect(await stage.leftovers()).toEqual([]);
  });
});
