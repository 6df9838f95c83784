import type { Conversation } from "../kit/cli.ts";
import { usageError } from "../kit/errors.ts";
import { askNobody, askTerminal } from "../kit/questions.ts";
import type { Talk } from "./ask-source.ts";

/** Who answers: the person at the terminal, or with `--yes` the defaults. Throws exit 2 where neither can. */
export async function openTalk(call: Conversation): Promise<Talk> {
  const { say, reveal } = call;
  if (call.yes) return { ask: askNobody(), interactive: false, say, reveal };
  const dumb = process.env.TERM === "dumb";
  if (call.terminal && !dumb) return { ask: await askTerminal(), interactive: true, say, reveal };
  throw usageError(
    `Cannot ask: ${dumb ? "this terminal can't move its cursor (TERM=dumb)" : "this is no terminal"}`,
    "Say --yes --url postgres://user@host/database, and every other answer is the default",
    "NEEDS_TERMINAL",
  );
}
