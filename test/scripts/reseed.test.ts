import { expect, test } from "bun:test";
import { join } from "node:path";

test("a check that is to write a report is refused instead of writing none", async () => {
  const script = join(import.meta.dir, "../../scripts/reseed.ts");
  const child = Bun.spawn([process.execPath, script, "--check", "--report", "masking.html"], { stderr: "pipe" });
  expect(await new Response(child.stderr).text()).toContain("Cannot use --report with --check");
  expect(await child.exited).toBe(2);
});
