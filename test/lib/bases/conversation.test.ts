import { afterEach, expect, test } from "bun:test";
import { type Conversation, converse } from "../../../lib/bases/conversation.ts";
import { start } from "../../../lib/kit/exec.ts";
import type { Toolbox } from "../../../lib/runtime/index.ts";

/** Says its own number, nothing, what it was sent, or why it ends. */
const CLIENT = `while IFS= read -r line; do
  case $line in
    "who;") echo $$ ;;
    "nothing;") ;;
    "fail;") echo "no such table" >&2; exit 3 ;;
    "SELECT '"*) line=\${line#*\\'}; echo "\${line%\\'*}" ;;
    *) echo "\${line%;}" ;;
  esac
done`;

let conversation: Conversation;

function open(): Conversation {
  const toolbox = { start: async ({ tool, args }) => start([tool as string, ...args]) } as Partial<Toolbox> as Toolbox;
  conversation = converse(toolbox, { tool: "sh", args: ["-c", CLIENT] }, (errors) => new Error(`it said: ${errors}`));
  return conversation;
}

afterEach(() => conversation.close());

test("one client answers one question after the other", async () => {
  const { ask } = open();
  const who = await ask("who");
  expect(who).toMatch(/^\d+$/);
  expect(await ask("nothing")).toBe("");
  expect(await ask("größer\nzweitens")).toBe("größer\nzweitens");
  expect(await ask("x".repeat(300_000))).toHaveLength(300_000);
  expect(await ask("who")).toBe(who);
});

test("a client that ends says why", async () => {
  const { ask } = open();
  await expect(ask("fail")).rejects.toThrow("it said: no such table");
});

test("a conversation in which nothing was asked starts no client", async () => {
  await open().close();
});
