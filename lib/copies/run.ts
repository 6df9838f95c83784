import { withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { runAttached, which } from "../kit/exec.ts";
import { changeCopy } from "./change.ts";
import { destroyCopies } from "./destroy.ts";
import { countLogins, type LoginCount } from "./logins.ts";
import { copiesOfBase } from "./many.ts";
import type { CopyWishes } from "./open.ts";
import { type CopyRecord, readCopy, urlOf, writeCopy } from "./record.ts";
import { environmentOf, variableForms } from "./variables.ts";

interface RunOptions {
  config: Config;
  wishes: CopyWishes;
  call: Conversation;
  /** How many copies CMD gets. */
  workers: number;
  keepOnFailure: boolean;
  /** That nobody connected is an error. */
  requireConnection: boolean;
}

/** Runs a command on copies of its own, with their variables set, and deletes them; resolves to the command's status. */
export async function runOnCopy(argv: string[], options: RunOptions): Promise<number> {
  const { config, wishes, call, keepOnFailure, workers } = options;
  let copies: CopyRecord[] = [];
  return withCleanup(
    async () => {
      const bound = { ...wishes, bound: true, watched: true };
      await copiesOfBase(config, bound, { count: workers, say: call.say, made: (copy) => copies.push(copy) });
      const counts = await Promise.all(copies.map(countLogins));
      let signalled = false;
      const onSignal = () => {
        signalled = true;
      };
      const status = await runAttached(argv, { env: await variables(copies, config), onSignal });
      sayWhyNotStarted(argv[0] ?? "", status, call);
      if (status !== 0 && keepOnFailure) {
        const kept = await Promise.all(copies.map(unbind));
        copies = [];
        for (const copy of kept.filter((one) => one !== undefined)) {
          call.reveal(`The command failed; its copy stays: ${await urlOf(copy)}`);
        }
      } else if (status < NOT_RUN && !signalled) await lookForClients(counts, status, options);
      return status;
    },
    async () => {
      await destroyCopies(copies, "ended");
    },
  );
}

/** Lets a copy outlive its command, which may have changed it; undefined when it has deleted it. */
async function unbind(copy: CopyRecord): Promise<CopyRecord | undefined> {
  if (!(await readCopy(copy.id))) return undefined;
  return changeCopy(copy, async (now) => {
    const kept: CopyRecord = { ...now, bound: false };
    await writeCopy(kept);
    return kept;
  });
}

/** Runs a command with the variables of a copy that stays; resolves to the command's status. */
export async function runBeside(
  argv: string[],
  copy: CopyRecord,
  { config, call }: { config: Config; call: Conversation },
): Promise<number> {
  const status = await runAttached(argv, { env: await environmentOf(copy, config) });
  sayWhyNotStarted(argv[0] ?? "", status, call);
  return status;
}

/** From here on: not executable, not found, ended by a signal, before it could be expected to connect. */
const NOT_RUN = 126;

/** A command that never opened its copy has worked on another database, which is worth knowing. */
async function lookForClients(counts: LoginCount[], status: number, options: RunOptions): Promise<void> {
  const seen = await Promise.all(counts.map((count) => count.since().catch(() => 1)));
  if (seen.some((logins) => logins > 0)) return;
  const names = Object.keys(variableForms(options.config)).join(", ");
  const state = `nothing but ditto connected to ${counts.length === 1 ? "the copy" : "the copies"}`;
  const hint = `Does the command read ${names}? It may have used another database`;
  if (options.requireConnection && status === 0) {
    throw new DittoError(`Cannot trust the run: ${state}`, { code: "NO_CONNECTION", hint });
  }
  options.call.say(`Note: ${state}. ${hint}`);
}

/** A child may end with 126 or 127 for reasons of its own. */
function sayWhyNotStarted(command: string, status: number, call: Conversation): void {
  if ((status !== 126 && status !== 127) || which(command) !== undefined) return;
  call.say(`Cannot run "${command}": the command ${status === 127 ? "was not found" : "is not executable"}`);
}

/** Those of the first copy under their own names, and with several those of each with its number behind. */
async function variables(copies: CopyRecord[], config: Config): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const [index, copy] of copies.entries()) {
    for (const [name, value] of Object.entries(await environmentOf(copy, config))) {
      if (index === 0) all[name] = value;
      if (copies.length > 1) all[`${name}_${index + 1}`] = value;
    }
  }
  return all;
}
