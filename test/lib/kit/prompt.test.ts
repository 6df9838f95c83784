import { expect, test } from "bun:test";
import { join } from "node:path";
import { confirm } from "../../../lib/kit/prompt.ts";

test("--yes agrees without a question", async () => {
  await confirm("Delete?", { call: { yes: true, terminal: false } });
});

test("without a terminal nobody is asked: the command fails and names --yes", async () => {
  const error = await confirm('Delete copy "x" and 2 snapshots?', {
    call: { yes: false, terminal: false },
  }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "NEEDS_CONSENT", exit: 1 });
  expect(`${error.message} ${error.hint}`).toMatch(/2 snapshots.*--yes/);
});

test.each([
  ["\r", 1],
  ["n", 1],
  ["\x03", 130],
  ["y", 0],
])("on a terminal %j ends the command with %d: only Yes goes on", async (key, status) => {
  const script = join(import.meta.dir, "../../fixtures/consent.ts");
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let text = "";
  const child = Bun.spawn([process.execPath, script], {
    terminal: {
      cols: 80,
      rows: 24,
      data(_terminal, bytes) {
        text += new TextDecoder().decode(bytes);
        if (text.includes("Delete?")) resolve();
      },
    },
  });
  await asked;
  child.terminal?.write(key);
  expect(await child.exited).toBe(status);
  expect(text.includes("deleted")).toBe(status === 0);
});
