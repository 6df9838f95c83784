import type { Conversation } from "./cli.ts";
import { DittoError } from "./errors.ts";
import { promptOutput } from "./stdio.ts";

type Asking = { call: Pick<Conversation, "yes" | "terminal">; code?: string };

/**
 * Asks for consent and returns when it is given, by Yes or by `--yes`; the default is No.
 * Throws `CANCELLED` for No (exit 1) and Ctrl-C (exit 130), `NEEDS_CONSENT` without a terminal.
 */
export async function confirm(question: string, { call, code = "NEEDS_CONSENT" }: Asking): Promise<void> {
  if (call.yes) return;
  if (!call.terminal) {
    throw new DittoError(`Cannot go on without consent: ${question}`, {
      code,
      hint: "Add --yes to agree; without a terminal nobody can be asked",
    });
  }
  const { confirm: ask, isCancel } = await import("@clack/prompts");
  const answer = await ask({ message: question, initialValue: false, output: promptOutput() });
  // The prompt has the terminal in raw mode: Ctrl-C comes as a key, not as a signal, and must not look like success.
  if (isCancel(answer)) throw cancelled(130);
  // It throws instead of returning false, so that nobody can forget to look.
  if (!answer) throw cancelled(1);
}

/** The error of a question that was answered with No (exit 1), or with Ctrl-C (exit 130). */
export function cancelled(exit: number): DittoError {
  return new DittoError("Cancelled: nothing was changed", { code: "CANCELLED", exit });
}
