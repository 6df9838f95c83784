import type { Conversation } from "../kit/cli.ts";
import { usageError } from "../kit/errors.ts";
import { confirm } from "../kit/prompt.ts";
import { checkName } from "../kit/state.ts";
import { goingWith } from "./drop-snapshot.ts";
import { branchName, findCopy, type Scope } from "./find.ts";
import type { CopyWishes } from "./open.ts";
import { type CopyRecord, knownCopies, wordFor } from "./record.ts";
import { pathOf } from "./snapshot-record.ts";

interface CopyFlags {
  name: string | undefined;
  ttl: number | "never" | undefined;
  port: number | undefined;
  label: string[];
  dump?: string | undefined;
  obfuscate?: boolean;
  raw?: boolean;
  as: string | undefined;
  network: string | undefined;
  from?: string | undefined;
}

/** Flags of create, run and clone as wishes, the name checked. */
export async function wishesOf(call: Pick<Conversation, "runtimeName"> & { flags: CopyFlags }): Promise<CopyWishes> {
  const { ttl, port, label, dump, obfuscate, raw, as: role, network, from } = call.flags;
  const name = await checkedName(call.flags.name);
  return { name, ttl, port, labels: label, dump, obfuscate, raw, runtime: call.runtimeName, role, network, from };
}

/** A copy's name as it was typed, checked; `@branch` stands for the current git branch. */
export async function checkedName(name: string | undefined): Promise<string | undefined> {
  if (name === "@branch") return branchName();
  return name === undefined ? undefined : checkName(name, "a copy's name");
}

/** The copies that are named, each once. */
export async function chooseSome({ positionals }: { positionals: string[] }, scope: Scope): Promise<CopyRecord[]> {
  const found = await Promise.all(positionals.map((word) => findCopy(word, scope)));
  return [...new Map(found.map((copy) => [copy.id, copy])).values()];
}

/** Asks before what was done in a copy is lost. */
export async function confirmReset(call: Conversation, copy: CopyRecord): Promise<void> {
  await confirm(`Reset ${copy.name || copy.id} to its base? Everything that was done in it is lost.`, { call });
}

/** The copies to delete: those that are named, or all of the project; asks where more goes than was named. */
export async function chooseForDelete(
  call: Conversation & { positionals: string[]; flags: { all: boolean } },
  scope: Scope,
): Promise<CopyRecord[]> {
  const { positionals, flags } = call;
  if (flags.all === positionals.length > 0) {
    throw usageError(
      "Cannot tell what to delete: name copies, or say --all",
      'E.g. "bun scripts/copy.ts delete feature-x"',
    );
  }
  const chosen = flags.all ? await allOf(scope) : await chooseSome(call, scope);
  const snapshots = (await goingWith(chosen)).filter(({ auto }) => auto === undefined);
  const names = chosen.map(wordFor).join(", ");
  const also = snapshots.length === 0 ? "" : ` The snapshots ${snapshots.map(pathOf).join(", ")} go with it.`;
  if (flags.all && chosen.length > 0) {
    await confirm(`Delete ${chosen.length} copies of "${scope.project}" (${names}) with everything in them?${also}`, {
      call,
    });
  } else if (also !== "") {
    await confirm(`Delete ${names}?${also}`, { call });
  }
  return chosen;
}

async function allOf({ project, source }: Scope): Promise<CopyRecord[]> {
  return (await knownCopies()).filter((copy) => copy.project === project && copy.source === source);
}
