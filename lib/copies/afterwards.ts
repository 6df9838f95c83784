import { join } from "node:path";
import type { Conversation } from "../kit/cli.ts";

const COPY_SCRIPT = join(import.meta.dir, "../../scripts/copy.ts");

/** A verb that has what expired swept in the background when it is done, whatever was asked for. */
export function swept<Asked extends Pick<Conversation, "verboseSay">, Answer>(
  verb: (call: Asked) => Promise<Answer>,
): (call: Asked) => Promise<Answer> {
  return async (call) => {
    const answer = await verb(call);
    const { sweepInBackground } = await import("./sweep.ts");
    await sweepInBackground(COPY_SCRIPT, call.verboseSay);
    return answer;
  };
}
