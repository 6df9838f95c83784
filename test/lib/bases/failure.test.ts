import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportFailure } from "../../../lib/bases/failure.ts";
import type { Config } from "../../../lib/kit/config.ts";
import { DittoError } from "../../../lib/kit/errors.ts";
import { setEnvironment } from "./environment.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-failure-"));
let restore = () => {};
beforeAll(() => {
  restore = setEnvironment({ DITTO_HOME: join(folder, "home") });
});
afterAll(() => {
  restore();
  rmSync(folder, { recursive: true });
});

async function toldOf(error: unknown): Promise<string> {
  const file = join(folder, "told");
  const on_failure = { webhook_url: "", exec: `printf %s "$DITTO_ERROR" > '${file}'` };
  const config = { project: "shop", sourceName: "default", dump: { on_failure } } as unknown as Config;
  await reportFailure(config, error, { say: () => {} });
  return readFileSync(file, "utf8");
}

test("dump.on_failure is told ditto's own errors, and of others only that there was one", async () => {
  expect(await toldOf(new DittoError("Cannot dump the source: it is gone", { code: "GONE" }))).toBe(
    "Cannot dump the source: it is gone",
  );
  const told = await toldOf(new Error('invalid input syntax for type bigint: "Anna Meier"'));
  expect(told).toBe("The reseed failed: its own output tells why");
});
