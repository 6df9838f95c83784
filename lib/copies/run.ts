import { withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { runAttached, which } from "../kit/exec.ts";
import { formatAs } from "../kit/url.ts";
import { destroyCopy } from "./destroy.ts";
import { type CopyWishes, copyOfBase } from "./open.ts";
import { accessTo, type CopyRecord, urlOf, writeCopy } from "./record.ts";

interface RunOptions {
  config: Config;
  wishes: CopyWishes;
  call: Conversation;
  keepOnFailure: boolean;
}

/** Runs a command on a copy of its own, with the copy's variables set, and deletes the copy; resolves to the command's status. */
export async function runOnCopy(argv: string[], options: RunOptions): Promise<number> {
  const { config, wishes, call, keepOnFailure } = options;
  let copy: CopyRecord | undefined;
  return withCleanup(
    async () => {
      copy = await copyOfBase(config, { ...wishes, bound: true }, call.say);
      const status = await runAttached(argv, { env: await variables(copy, config) });
      sayWhyNotStarted(argv[0] ?? "", status, call);
      if (status !== 0 && keepOnFailure) {
        await writeCopy({ ...copy, bound: false });
        call.reveal(`The command failed; its copy stays: ${await urlOf(copy)}`);
        copy = undefined;
      }
      return status;
    },
    async () => {
      if (copy) await destroyCopy(copy, "ended");
    },
  );
}

/** A child may end with 126 or 127 for reasons of its own. */
function sayWhyNotStarted(command: string, status: number, call: Conversation): void {
  if ((status !== 126 && status !== 127) || which(command) !== undefined) return;
  call.say(`Cannot run "${command}": the command ${status === 127 ? "was not found" : "is not executable"}`);
}

async function variables(copy: CopyRecord, config: Config): Promise<Record<string, string>> {
  const access = await accessTo(copy);
  const wanted = config.source?.env ?? { DATABASE_URL: "url" as const };
  return {
    ...Object.fromEntries(Object.entries(wanted).map(([name, form]) => [name, formatAs(access, form)])),
    DITTO_COPY_ID: copy.id,
  };
}
