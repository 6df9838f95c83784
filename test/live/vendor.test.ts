import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { VendorAnswer } from "../../lib/vendor/describe.ts";
import { attempt } from "../provision/exec.ts";

setDefaultTimeout(120_000);

const ROOT = resolve(import.meta.dir, "../..");
const BUN = process.execPath;

let folder: string;
/** A clone of the toolkit, whose files the tests change as a later version does. */
let clone: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ditto-vendor-")));
  clone = join(folder, "clone");
  for (const name of ["scripts", "lib", "templates", "package.json", "bun.lock", "tsconfig.json", "LICENSE"]) {
    cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;

/** A repository as people have them. */
function repository(files: Record<string, string> = {}, name = `repo-${++made}`): string {
  const root = join(folder, name);
  mkdirSync(join(root, ".git"), { recursive: true });
  writeFileSync(join(root, ".git/HEAD"), "ref: refs/heads/main\n");
  for (const [path, content] of Object.entries(files)) put(join(root, path), content);
  return root;
}

function put(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** A user has none of the variables that a test run sets. */
const user = ["env", ...Object.keys(process.env).flatMap((name) => (name.startsWith("DITTO_") ? ["-u", name] : []))];
const env = { NO_COLOR: "1", PATH: `${dirname(BUN)}:${process.env.PATH}` };

function vendor(args: string[], cwd: string, toolkit = clone) {
  return attempt([BUN, join(toolkit, "scripts/vendor.ts"), ...args], { cwd, env });
}

async function answer(args: string[], cwd: string): Promise<VendorAnswer & { status: number }> {
  const { status, stdout } = await vendor([...args, "--json"], cwd);
  return { status, ...JSON.parse(stdout) };
}

const fates = ({ files }: VendorAnswer) => Object.fromEntries(files.map(({ path, fate }) => [path, fate]));

/** Every file below a folder with its content. */
function tree(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  const files = paths.filter((path) => !path.includes("node_modules") && lstatSync(join(root, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Does `change` to the clone, and takes it back afterwards. */
async function withLaterVersion(change: () => void, action: () => Promise<void>): Promise<void> {
  const before = tree(clone);
  const file = join(clone, "package.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/"version": "[^"]+"/, '"version": "9.9.9"'));
  change();
  try {
    await action();
  } finally {
    for (const path of Object.keys(tree(clone))) if (!(path in before)) rmSync(join(clone, path));
    for (const [path, content] of Object.entries(before)) put(join(clone, path), content);
  }
}

const npm = (name: string, more: object = {}) => JSON.stringify({ name, version: "1.0.0", ...more });

/** Another version of a package that ditto pins, as the host repository may have it. */
const otherZod = {
  "node_modules/zod/package.json": npm("zod", { version: "3.0.0", main: "index.js" }),
  "node_modules/zod/index.js": "throw new Error('the repository has its own zod')\n",
};

const REPOSITORIES: Record<string, Record<string, string>> = {
  "a plain one with packages of its own": { "package.json": npm("shop", { type: "module" }), ...otherZod },
  "a monorepo": {
    "package.json": npm("mono", { private: true, workspaces: ["packages/*", "apps/**"] }),
    "packages/api/package.json": npm("api"),
    "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
  },
  "a CommonJS one": { "package.json": npm("old", { type: "commonjs" }), "index.js": "module.exports = 1\n" },
  "one without JavaScript, with blanks in its path": { "manage.py": "print()\n" },
};

describe("vendor.ts copies the toolkit into", () => {
  for (const [what, files] of Object.entries(REPOSITORIES)) {
    test(`${what}, where it runs on its pinned packages`, async () => {
      const root = repository(files, what.includes("blanks") ? "a 'quoted' repository" : undefined);
      const before = tree(root);
      const { install, ...told } = await answer(["tools/ditto"], root);
      expect(told).toMatchObject({ status: 0, from: null, folder: join(root, "tools/ditto"), unchanged: 0 });
      expect(fates(await answer(["tools/ditto"], root))).toEqual({});
      const early = await attempt([...user, BUN, "tools/ditto/scripts/status.ts"], { cwd: root, env });
      expect(early).toMatchObject({ status: 1, stderr: expect.stringContaining(install) });
      const installed = await attempt(["sh", "-c", install], { cwd: root, env });
      expect(installed).toMatchObject({ status: 0 });
      const home = join(folder, "nobody");
      const status = await attempt([...user, BUN, "tools/ditto/scripts/status.ts", "--json"], {
        cwd: root,
        env: { ...env, HOME: home },
      });
      expect(status).toMatchObject({ status: 0, stderr: "" });
      expect(JSON.parse(status.stdout)).toHaveProperty("project");
      const own = Object.keys(tree(root)).filter((path) => !path.startsWith("tools/ditto/"));
      expect(own).toEqual(Object.keys(before));
      expect((await answer(["tools/ditto"], root)).install).toBe("");
    });
  }
});

describe("an update", () => {
  test("replaces what is untouched, keeps what was edited, and leaves both to merge where both changed", async () => {
    for (const files of Object.values(REPOSITORIES).slice(0, 3)) {
      const root = repository(files);
      const there = (path: string) => join(root, "tools/ditto", path);
      await vendor(["tools/ditto"], root);
      appendFileSync(there("lib/kit/units.ts"), "// mine\n");
      appendFileSync(there("lib/kit/table.ts"), "// mine\n");
      appendFileSync(there("lib/kit/memory.ts"), "// mine\n");
      rmSync(there("scripts/demo.ts"));
      const later = () => {
        appendFileSync(join(clone, "lib/kit/shell.ts"), "// later\n");
        appendFileSync(join(clone, "lib/kit/table.ts"), "// later\n");
        appendFileSync(join(clone, "scripts/demo.ts"), "// later\n");
        rmSync(join(clone, "lib/kit/memory.ts"));
        rmSync(join(clone, "lib/mask/words/prose.ts"));
        put(join(clone, "lib/kit/new/one.ts"), "export {};\n");
      };
      await withLaterVersion(later, async () => {
        const planned = tree(join(root, "tools/ditto"));
        const dry = await answer(["tools/ditto", "--dry-run"], root);
        expect(tree(join(root, "tools/ditto"))).toEqual(planned);
        const { status, stdout } = await vendor(["tools/ditto"], root);
        expect(status).toBe(3);
        expect(stdout).toContain("--- lib/kit/table.ts\n+++ lib/kit/table.ts.new\n@@ -");
        expect(stdout).toContain("-// mine\n+// later");
        expect(fates(dry)).toEqual({
          "lib/kit/memory.ts": "abandoned",
          "lib/kit/new/one.ts": "added",
          "lib/kit/shell.ts": "replaced",
          "lib/kit/table.ts": "conflict",
          "lib/kit/units.ts": "kept",
          "lib/mask/words/prose.ts": "removed",
          "package.json": "replaced",
          "scripts/demo.ts": "deleted",
        });
        expect(dry.status).toBe(3);
        expect(readFileSync(there("lib/kit/table.ts"), "utf8")).toEndWith("// mine\n");
        expect(readFileSync(there("lib/kit/table.ts.new"), "utf8")).toEndWith("// later\n");
        expect(readFileSync(there("lib/kit/units.ts"), "utf8")).toEndWith("// mine\n");
        expect(readFileSync(there("lib/kit/shell.ts"), "utf8")).toEndWith("// later\n");
        expect(existsSync(there("lib/mask/words/prose.ts"))).toBe(false);
        expect(existsSync(there("lib/kit/memory.ts"))).toBe(true);
        expect(existsSync(there("scripts/demo.ts"))).toBe(false);
        const again = await vendor(["tools/ditto"], root);
        expect(again).toMatchObject({ status: 3, stdout: expect.stringContaining("table.ts.new still waits") });
        rmSync(there("lib/kit/table.ts.new"));
        expect((await vendor(["tools/ditto"], root)).status).toBe(0);
      });
    }
  });

  test("line ends that git turned into CRLF are no edit", async () => {
    const root = repository();
    await vendor(["tools/ditto"], root);
    const file = join(root, "tools/ditto/lib/kit/units.ts");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("\n", "\r\n"));
    expect(fates(await answer(["tools/ditto"], root))).toEqual({});
    await withLaterVersion(
      () => appendFileSync(join(clone, "lib/kit/units.ts"), "// later\n"),
      async () => expect(fates(await answer(["tools/ditto"], root))).toMatchObject({ "lib/kit/units.ts": "replaced" }),
    );
  });

  test("an edited .new is never overwritten", async () => {
    const root = repository();
    await vendor(["d"], root);
    const file = join(root, "d/lib/kit/units.ts");
    appendFileSync(file, "// mine\n");
    await withLaterVersion(
      () => appendFileSync(join(clone, "lib/kit/units.ts"), "// later\n"),
      async () => {
        await vendor(["d"], root);
        appendFileSync(`${file}.new`, "// half merged\n");
        appendFileSync(join(clone, "lib/kit/units.ts"), "// later still\n");
        const before = tree(root);
        const { status, stderr } = await vendor(["d"], root);
        expect([status, stderr]).toEqual([2, expect.stringContaining('Cannot write "lib/kit/units.ts.new"')]);
        expect(tree(root)).toEqual(before);
      },
    );
  });

  test("killed in the middle and run again, also by a later version, ends as if there had been no kill", async () => {
    const whole = repository();
    await vendor(["d"], whole);
    const wanted = tree(whole);
    for (const ms of [70, 90, 110, 130, 160, 200]) {
      const root = repository();
      await killed(root, ms);
      expect((await vendor(["d"], root)).status).toBe(0);
      expect(tree(root)).toEqual(wanted);
    }
    const touched = Object.keys(wanted).filter((path) => path.startsWith("d/lib/mask/"));
    const change = (word: string) => () => {
      for (const path of touched) appendFileSync(join(clone, path.slice(2)), `// ${word}\n`);
    };
    for (const ms of [80, 95, 110, 125]) {
      const root = repository();
      await vendor(["d"], root);
      await withLaterVersion(change("second"), () => killed(root, ms));
      await withLaterVersion(change("third"), async () => {
        expect(Object.values(fates(await answer(["d"], root)))).not.toContain("conflict");
        for (const path of touched) expect(readFileSync(join(root, path), "utf8")).toEndWith("// third\n");
        expect(tree(root)).not.toHaveProperty(["d/lib/mask/plan.ts.new"]);
      });
    }
  });
});

async function killed(root: string, ms: number): Promise<void> {
  const child = Bun.spawn([BUN, join(clone, "scripts/vendor.ts"), "d"], {
    cwd: root,
    env,
    stdio: ["ignore", "ignore", "ignore"],
  });
  await Bun.sleep(ms);
  child.kill("SIGKILL");
  await child.exited;
}

describe("vendor.ts refuses, and writes nothing,", () => {
  const outside = () => {
    const elsewhere = join(folder, `elsewhere-${++made}`);
    mkdirSync(elsewhere);
    return elsewhere;
  };
  const REFUSALS: Record<string, { word?: string; prepare(root: string): void; state: string }> = {
    "a folder that is no vendored copy": {
      prepare: (root) => put(join(root, "d/own.txt"), "mine"),
      state: "it is not empty and no vendored copy",
    },
    "the repository itself": { word: ".", prepare() {}, state: "it is the repository itself" },
    "a folder in .git": { word: ".git/hooks", prepare() {}, state: "it lies in .git" },
    "a folder outside of any repository": { word: "/", prepare() {}, state: "it lies in no git repository" },
    "a link that leaves the repository": {
      prepare: (root) => symlinkSync(outside(), join(root, "d")),
      state: "it leads out of the repository",
    },
    "a folder below such a link": {
      word: "tools/ditto",
      prepare: (root) => symlinkSync(outside(), join(root, "tools")),
      state: "it leads out of the repository",
    },
    "a link that leads nowhere": {
      prepare: (root) => symlinkSync(join(folder, "nowhere"), join(root, "d")),
      state: "it is no directory",
    },
    "a file": { prepare: (root) => put(join(root, "d"), "mine"), state: "it is no directory" },
    "a folder that a workspace takes in": {
      word: "tools/ditto",
      prepare: (root) => put(join(root, "package.json"), npm("mono", { workspaces: { packages: ["./tools/*/"] } })),
      state: 'the workspace pattern "./tools/*/" of package.json takes it in',
    },
    "a folder that pnpm's workspace takes in": {
      word: "tools/ditto",
      prepare: (root) => put(join(root, "pnpm-workspace.yaml"), "packages: ['**']\n"),
      state: 'the workspace pattern "**" of pnpm-workspace.yaml takes it in',
    },
    "a lock that leads out of the folder": {
      prepare: (root) => {
        const files = { "../own.txt": "0".repeat(64) };
        put(join(root, "own.txt"), "mine");
        put(join(root, "d/ditto.lock.json"), JSON.stringify({ lock_version: 1, version: "0.0.1", files }));
      },
      state: "../own.txt",
    },
    "a damaged lock": {
      prepare: (root) => put(join(root, "d/ditto.lock.json"), '{"lock_version": 1, "vers'),
      state: "it is no JSON",
    },
    "a lock of a newer ditto": {
      prepare: (root) => put(join(root, "d/ditto.lock.json"), '{"lock_version": 2}'),
      state: "a newer ditto wrote it",
    },
  };

  for (const [what, { word = "d", prepare, state }] of Object.entries(REFUSALS)) {
    test(what, async () => {
      const root = repository();
      prepare(root);
      const before = tree(root);
      const { status, stdout, stderr } = await vendor([word], root);
      expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining(state) });
      expect(tree(root)).toEqual(before);
    });
  }

  test("a link in the copy's place of a folder", async () => {
    const root = repository();
    await vendor(["d"], root);
    const elsewhere = outside();
    rmSync(join(root, "d/lib/kit"), { recursive: true });
    symlinkSync(elsewhere, join(root, "d/lib/kit"));
    const { status, stderr } = await vendor(["d"], root);
    expect([status, stderr]).toEqual([2, expect.stringContaining('"lib/kit" there is no directory of its own')]);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test("to copy from a vendored copy, and into ditto itself", async () => {
    const root = repository();
    await vendor(["d"], root);
    symlinkSync(join(ROOT, "node_modules"), join(root, "d/node_modules"));
    const from = await vendor([join(repository(), "d")], root, join(root, "d"));
    expect([from.status, from.stderr]).toEqual([2, expect.stringContaining("itself a vendored copy")]);
    const into = await vendor([join(ROOT, "tools/ditto")], root, ROOT);
    expect([into.status, into.stderr]).toEqual([2, expect.stringContaining("ditto itself lies there")]);
  });

  test("a workspace's pattern with a later exception takes nothing in", async () => {
    const root = repository({ "package.json": npm("mono", { workspaces: ["tools/*", "!tools/ditto"] }) });
    expect((await vendor(["tools/ditto"], root)).status).toBe(0);
  });
});
