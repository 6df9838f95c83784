import { expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { recordedCopies } from "./kill-harness.ts";
import { ask, type Copy, configOf, countItems, ITEMS, onEachGround, type Stage } from "./support/ground.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(180_000);

const MANY = 20;

/** Volumes that the containers of copies have mounted, also those without a name of their own or a label. */
async function volumesOf(stage: Stage, copies: Copy[]): Promise<string[]> {
  if (stage.ground.runtime === "native") return [];
  const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}';
  const names = copies.map(({ id }) => `ditto-${id}`);
  const { stdout } = await stage.tool("container", "inspect", "--format", format, ...names);
  return stdout.split(/\s+/).filter(Boolean);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

onEachGround("many copies of one base", (stage) => {
  for (const round of ["first", "second"]) {
    test(`${MANY} are made and deleted side by side without a trace, the ${round} time`, async () => {
      const copies = await Promise.all(Array.from({ length: MANY }, () => stage.create()));
      expect(new Set(copies.map(({ id }) => id)).size).toBe(MANY);
      expect(new Set(copies.map(({ port }) => port)).size).toBe(MANY);
      expect(await Promise.all(copies.map((copy) => countItems(copy.connection_string)))).toEqual(
        copies.map(() => ITEMS),
      );
      expect(await volumesOf(stage, copies)).toEqual([]);
      const deleted = await Promise.all(copies.map(({ id }) => stage.copy(["delete", id])));
      expect(deleted.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
        copies.map(() => ({ status: 0, stderr: "" })),
      );
      expect(await stage.list()).toEqual([]);
      expect(await stage.leftovers()).toEqual([]);
      expect(await Promise.all(copies.map(({ port }) => isFree(port)))).toEqual(copies.map(() => true));
    });
  }

  test("two who delete the same copies at the same time are both done", async () => {
    const copies = await Promise.all(Array.from({ length: 3 }, () => stage.create()));
    const ids = copies.map(({ id }) => id);
    const both = await Promise.all([stage.copy(["delete", ...ids]), stage.copy(["delete", "--all", "--yes"])]);
    for (const { stderr } of both) expect(stderr).not.toMatch(/already in progress|Error response/);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("what is changed in one copy is in no other, and not in the base", async () => {
    const copies = await Promise.all(Array.from({ length: 4 }, () => stage.create()));
    const urls = copies.map((copy) => copy.connection_string);
    await Promise.all(
      urls.map(async (url, at) => {
        await ask(url, `CREATE TABLE mine AS SELECT ${at} AS n`);
        await ask(url, `DELETE FROM items WHERE id <= ${at * 100}`);
        await ask(url, `UPDATE items SET name = 'changed by ${at}'`);
      }),
    );
    for (const [at, url] of urls.entries()) {
      expect(await ask(url, "SELECT n FROM mine")).toEqual([{ n: at }]);
      expect(await ask(url, "SELECT DISTINCT name FROM items")).toEqual([{ name: `changed by ${at}` }]);
      expect(await countItems(url)).toBe(ITEMS - at * 100);
    }
    const fresh = (await stage.create()).connection_string;
    expect(await ask(fresh, "SELECT name FROM items WHERE id = 1")).toEqual([{ name: "item 1" }]);
    await expect(ask(fresh, "SELECT * FROM mine")).rejects.toThrow();
    await stage.copy(["delete", "--all", "--yes"]);
  });
});

onEachGround("several copies at once", (stage) => {
  const create = (...args: string[]) => stage.copy(["create", "--name", "w", "--count", "3", ...args]);

  test("when one can't be made, those that were there before stay", async () => {
    const first = await stage.create("--name", "w-1");
    await ask(first.connection_string, "DELETE FROM items WHERE id > 10");
    stage.project.configure(configOf(stage.ground, { copy: { max_copies: 2 } }));
    expect(await create("--if-exists", "reuse")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("max_copies"),
    });
    stage.project.configure(configOf(stage.ground));
    expect((await stage.list()).map(({ name }) => name)).toEqual(["w-1"]);
    expect(await countItems(first.connection_string)).toBe(10);
    await stage.project.must("copy", ["delete", "w-1"]);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("an interrupt leaves none of them", async () => {
    const running = stage.project.start("copy", ["create", "--name", "w", "--count", "9"]);
    await until(() => recordedCopies(stage).some(({ status }) => status === "ready"));
    process.kill(running.pid, "SIGINT");
    expect(await running.done).toMatchObject({ status: 130 });
    expect(await stage.leftovers()).toEqual([]);
  });
});

onEachGround("the first copies of a state folder", (stage) => {
  test("are made side by side, although what they share is not there yet", async () => {
    expect((await stage.project.traces()).filter((trace) => trace.startsWith("network "))).toEqual([]);
    const made = await Promise.all(Array.from({ length: 4 }, () => stage.copy(["create"])));
    expect(made.map(({ status, stderr }) => ({ status, error: status ? stderr : "" }))).toEqual(
      made.map(() => ({ status: 0, error: "" })),
    );
    // Docker makes several networks of one name, and the next copy can't tell which is meant.
    expect(await stage.copy(["run", "--", "true"])).toMatchObject({ status: 0 });
    await stage.copy(["delete", "--all", "--yes"]);
    expect(await stage.leftovers()).toEqual([]);
  });
});
