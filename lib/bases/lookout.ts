import type { Session } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import { TimeLimitError, within } from "../kit/time-limit.ts";

/** A session beside another, which is had again when the server has ended it. */
export interface Lookout {
  /** Throws when the question fails, or when there is no session now. */
  ask<T>(question: (session: Session) => Promise<T>): Promise<T>;
  /** The server has ended it, and it could not be had again yet. */
  lost(): boolean;
  close(): Promise<void>;
}

/** How long a server may take for an answer, in milliseconds; and for one that takes it no time, or for good-bye. */
const ANSWER_LIMIT_MS = 30_000;
const PROMPT_LIMIT_MS = 2_000;

/** Between two attempts to have it again, in milliseconds: a server may shut out who is refused too often. */
const PAUSES = { first: 1_000, longest: 30_000 };

export async function openLookout(connect: () => Promise<Session>): Promise<Lookout> {
  let session: Session | undefined = await connect();
  let closed = false;
  let refused: { reason: unknown; until: number; pause: number } | undefined;

  const drop = async () => {
    const dropped = session;
    session = undefined;
    await within(PROMPT_LIMIT_MS, dropped?.close() ?? Promise.resolve()).catch(() => {});
  };
  const again = async (): Promise<Session> => {
    if (refused && Date.now() < refused.until) throw refused.reason;
    try {
      session = await connect();
      refused = undefined;
    } catch (reason) {
      const pause = refused ? Math.min(refused.pause * 2, PAUSES.longest) : PAUSES.first;
      refused = { reason, until: Date.now() + pause, pause };
      throw reason;
    }
    if (!closed) return session;
    await drop();
    throw new DittoError("Cannot go on watching: the dump has ended", { code: "INTERRUPTED" });
  };

  return {
    async ask(question) {
      const asked = session ?? (await again());
      try {
        return await within(ANSWER_LIMIT_MS, question(asked));
      } catch (error) {
        if (error instanceof TimeLimitError || !(await answers(asked))) await drop();
        throw error;
      }
    },
    lost: () => session === undefined,
    async close() {
      closed = true;
      await drop();
    },
  };
}

function answers(session: Session): Promise<boolean> {
  return within(PROMPT_LIMIT_MS, session.query("SELECT 1")).then(
    () => true,
    () => false,
  );
}
