import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "ditto-args-"));
const file = join(folder, "say.ts");
const source = join(import.meta.dir, "../../../lib/kit/typed-args.ts");
writeFileSync(
  file,
  `import { typedArgs } from ${JSON.stringify(source)};\nconsole.log(JSON.stringify(await typedArgs(process.argv.slice(2))));`,
);
afterAll(() => rmSync(folder, { recursive: true }));

for (const args of [
  ["--", "sh", "-c", "a b"],
  ["--"],
  ["--", "--", "x"],
  ["--", ""],
  ["--name", "x", "--", "sh"],
  ["export"],
  ["export", "--"],
  [],
]) {
  test(`what is typed arrives: ${JSON.stringify(args)}`, () => {
    for (const bun of [["bun"], ["bun", "run"], ["bun", "--"]]) {
      const { stdout } = Bun.spawnSync([process.execPath, ...bun.slice(1), file, ...args]);
      expect({ bun, args: JSON.parse(stdout.toString()) }).toEqual({ bun, args });
    }
  });
}
