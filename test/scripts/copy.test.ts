import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment } from "../live/support/project.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-copy-"));
const home = join(folder, "home");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function list(...flags: string[]) {
  const script = join(import.meta.dir, "../../scripts/copy.ts");
  const child = Bun.spawn([process.execPath, script, "list", ...flags], {
    cwd: folder,
    env: environment(home),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { status: await child.exited, stdout, stderr };
}

test("a command that has answered succeeds though no sweep can be started, and says why under --verbose", async () => {
  mkdirSync(join(home, "swept"), { recursive: true });
  writeFileSync(join(home, "identity.json"), JSON.stringify({ version: 1, id: "0123456789", secret: "00" }));
  const then = new Date(Date.now() - 3_600_000);
  utimesSync(join(home, "swept"), then, then);
  expect(await list("--json")).toEqual({ status: 0, stdout: "[]\n", stderr: "" });
  expect(await list("--json", "--verbose")).toEqual({
    ...{ status: 0, stdout: "[]\n" },
    stderr: expect.stringMatching(/^Note: what has expired stays for now: EISDIR.*\n$/),
  });
});
