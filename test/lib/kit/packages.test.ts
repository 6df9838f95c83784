import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { installLine, missingPackages, requirePackages, VENDOR_LOCK } from "../../../lib/kit/packages.ts";

let folder: string;
let root: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ditto-packages-")));
  root = join(folder, "tools/ditto");
  put("tools/ditto/package.json", { dependencies: { zod: "4.6.7", "@clack/core": "1.6.0" } });
});
afterEach(() => {
  delete process.env.DITTO_OFFLINE;
  rmSync(folder, { recursive: true });
});

function put(path: string, content: object): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
}

const install = (at: string, name: string, version: string) =>
  put(join(at, "node_modules", name, "package.json"), { version });

const complain = () => expect(() => requirePackages(root));

test("a clone without any node_modules lets Bun install what is pinned, but not offline", () => {
  complain().not.toThrow();
  process.env.DITTO_OFFLINE = "1";
  complain().toThrow('the package "zod" 4.6.7 is not installed');
});

test("a clone may take its packages from above, in the pinned version only", () => {
  install(".", "zod", "4.6.7");
  install("tools/ditto", "@clack/core", "1.6.0");
  complain().not.toThrow();
  install(".", "zod", "3.25.0");
  complain().toThrow('"zod" would be 3.25.0, and ditto is tried with 4.6.7');
});

test("where there is a node_modules Bun installs nothing by itself", () => {
  install(".", "zod", "4.6.7");
  complain().toThrow('"@clack/core" 1.6.0 is not installed');
});

test("a vendored copy takes nothing from its repository", () => {
  put(join("tools/ditto", VENDOR_LOCK), {});
  install(".", "zod", "4.6.7");
  install(".", "@clack/core", "1.6.0");
  expect(missingPackages(root).map(({ name }) => name)).toEqual(["zod", "@clack/core"]);
  for (const [name, version] of Object.entries({ zod: "4.6.7", "@clack/core": "1.6.0" }))
    install("tools/ditto", name, version);
  complain().not.toThrow();
});

test("the line that installs them can be pasted, whatever the path", () => {
  expect(installLine("/srv/app/tools/ditto")).toEndWith("--cwd /srv/app/tools/ditto");
  expect(installLine("/srv/it's mine/ditto", "npx -y bun@1")).toBe(
    "npx -y bun@1 install --frozen-lockfile --production --cwd '/srv/it'\\''s mine/ditto'",
  );
});
