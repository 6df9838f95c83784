import { afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { attempt } from "../provision/exec.ts";
import { ITEMS, onEachGround, soak, testWhere } from "./support/ground.ts";
import { environment } from "./support/project.ts";

setDefaultTimeout(300_000);

const ROOT = resolve(import.meta.dir, "../..");

/** A test file that wants all items, and deletes them; `query` is how its runner's driver runs SQL. */
const testFile = (head: string, query: string) => `${head}
const url = process.env.DATABASE_URL;
test("has a database of its own", async () => {
  ${query}
  const [{ n }] = await run("SELECT count(*) AS n FROM items");
  await run("DELETE FROM items");
  await end();
  expect([Number(n), Boolean(process.env.DITTO_COPY_ID)]).toEqual([${ITEMS}, true]);
});
`;

const WITH_BUN =
  'const sql = new (await import("bun")).SQL(url); const run = (text) => sql.unsafe(text), end = () => sql.close();';
const WITH_PG = `const { default: pg } = await import("pg"); const client = new pg.Client(url); await client.connect();
  const run = async (text) => (await client.query(text)).rows; const end = () => client.end();`;

onEachGround("templates/test", (stage) => {
  if (stage.ground.engine !== "postgres" || stage.ground.server !== "postgres:17" || stage.ground.runtime !== "docker")
    return;
  const folder = () => join(stage.project.folder, "app");
  const env = () => ({ ...environment(stage.project.home), PATH: `${join(folder(), "bin")}:${process.env.PATH}` });
  const run = (argv: string[], more: Record<string, string> = {}) =>
    attempt(["env", "-u", "DITTO_TEST_SOAK", "-u", "DITTO_TEST_RUN", ...argv], {
      cwd: folder(),
      env: { ...env(), ...more },
    });
  const write = (name: string, text: string) => stage.project.write(`app/${name}`, text);

  beforeAll(async () => {
    mkdirSync(join(folder(), ".git"), { recursive: true });
    mkdirSync(join(folder(), "bin"));
    symlinkSync(process.execPath, join(folder(), "bin/bun"));
    symlinkSync(join(stage.project.folder, "ditto.yaml"), join(folder(), "ditto.yaml"));
    write("package.json", JSON.stringify({ name: "app", type: "module" }));
    const vendored = await run([process.execPath, join(ROOT, "scripts/vendor.ts"), "tools/ditto"]);
    expect(vendored).toMatchObject({ status: 0 });
    symlinkSync(join(ROOT, "node_modules"), join(folder(), "tools/ditto/node_modules"));
  });

  afterEach(async () => {
    // Nothing of a run stays, whatever its end.
    expect(await stage.list()).toEqual([]);
  });

  test("bun test: a database for every process", async () => {
    write("bunfig.toml", '[test]\npreload = ["./tools/ditto/templates/test/bun.mjs"]\n');
    for (const name of ["a", "b"])
      write(`bun/${name}.test.js`, testFile('import { expect, test } from "bun:test";', WITH_BUN));
    const each = await run([process.execPath, "test", "--parallel=2", "bun/"]);
    expect(each).toMatchObject({ status: 0, stderr: expect.stringContaining("2 pass") });
    expect(await stage.list()).toEqual([]);
    write(
      "bun/b.test.js",
      'import { test } from "bun:test";\ntest("fails", () => { throw new Error("on purpose"); });\n',
    );
    expect((await run([process.execPath, "test", "bun/"])).status).toBe(1);
  });

  test("a base that is missing is said as the script says it", async () => {
    const failed = await run([process.execPath, "test", "bun/a.test.js"], { DITTO_PROJECT: "nothing-here" });
    expect(failed.status).not.toBe(0);
    expect(failed.stderr + failed.stdout).toContain("there is no base");
  });

  testWhere(soak, Bun.which("npm") === null)("vitest and jest: a database for every file", async () => {
    const installed = await run(["npm", "install", "--no-audit", "--no-fund", "vitest@3", "jest@30", "pg@8"]);
    expect(installed).toMatchObject({ status: 0 });
    write(
      "vitest.config.js",
      `export default { test: { setupFiles: ["./tools/ditto/templates/test/vitest.mjs"], include: ["vitest/*"] } };`,
    );
    write(
      "jest.config.mjs",
      `export default { setupFilesAfterEnv: ["./tools/ditto/templates/test/jest.mjs"], testMatch: ["**/jest/*"] };`,
    );
    for (const name of ["a", "b"]) {
      write(`vitest/${name}.test.js`, testFile('import { expect, test } from "vitest";', WITH_PG));
      write(`jest/${name}.test.js`, testFile("", WITH_PG));
    }
    expect(await run(["npx", "vitest", "run"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Tests {2}2 passed/),
    });
    const jest = await run(["npx", "jest"], { NODE_OPTIONS: "--experimental-vm-modules" });
    expect(jest).toMatchObject({ status: 0, stderr: expect.stringMatching(/Tests: +2 passed/) });
  });
});
