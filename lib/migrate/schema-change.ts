import { accessTo, type CopyRecord, runtimeIdOf } from "../copies/record.ts";
import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import { messageOf } from "../kit/errors.ts";
import { unifiedHunks } from "../kit/unified-diff.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { WHOLE } from "../schema/change.ts";
import { dialects } from "../schema/dialects.ts";
import type { FullSchema } from "../schema/model-objects.ts";
import { describeChange } from "../schema/render-text.ts";
import { withoutPasswords } from "./lock-words.ts";
import { accessInside } from "./run-sql.ts";

/** A copy's schema as it was at one moment: as the engine's own tool writes it, or why it could not be read, and as a model. */
export type SchemaState = ({ text: string } | { unreadable: string }) & { model: FullSchema | undefined };

/** What a migration did to the schema. */
export interface SchemaChange {
  /** Each object that differs, in a reviewer's words: `+ column customers.vip`. */
  changes: string[];
  /** Lines, `+` and `-`, in unified form; "" when nothing changed. */
  diff: string;
  added: number;
  removed: number;
  /** Why it can't be told. */
  unreadable?: string;
}

/** Reads a copy's schema by the engine's own tool, beside the server, and by its catalog. */
export async function readSchemaState(copy: CopyRecord): Promise<SchemaState> {
  const [dump, model] = await Promise.all([readDump(copy), readModel(copy).catch(() => undefined)]);
  return { ...dump, model };
}

async function readModel(copy: CopyRecord): Promise<FullSchema> {
  const session = await servers[copy.engine].connect(await accessTo(copy));
  try {
    return await dialects[copy.engine].read(session);
  } finally {
    await session.close();
  }
}

async function readDump(copy: CopyRecord): Promise<{ text: string } | { unreadable: string }> {
  const engine: ServerEngine = servers[copy.engine];
  try {
    const runtime = await runtimeNamed(copy.runtime, () => {});
    const toolbox = await runtime.insideCopy(runtimeIdOf(copy), copy.frozen);
    try {
      const dumped = await toolbox.run(engine.schemaDump(await accessInside(copy), copy.server));
      if (dumped.status !== 0)
        return { unreadable: dumped.stderr.trim().split("\n").at(-1) ?? `status ${dumped.status}` };
      return { text: engine.normaliseDump(dumped.stdout) };
    } finally {
      await toolbox.close();
    }
  } catch (error) {
    return { unreadable: messageOf(error) };
  }
}

/** What is different in the schema. */
export function describeSchemaChange(before: SchemaState, after: SchemaState): SchemaChange {
  const changes = changesBetween(before.model, after.model);
  if ("unreadable" in before) return { changes, diff: "", added: 0, removed: 0, unreadable: before.unreadable };
  if ("unreadable" in after) return { changes, diff: "", added: 0, removed: 0, unreadable: after.unreadable };
  const [from, to] = [before.text, after.text].map((text) => `${text}\n`) as [string, string];
  const diff = withoutPasswords(unifiedHunks(from, to, /^(CREATE|ALTER) \w/));
  const count = (sign: string) => diff.split("\n").filter((line) => line.startsWith(sign)).length;
  return { changes, diff, added: count("+"), removed: count("-") };
}

function changesBetween(before: FullSchema | undefined, after: FullSchema | undefined): string[] {
  if (!before || !after) return [];
  const { changes } = dialects[before.engine].diff(before, after, WHOLE);
  return changes.filter(({ action }) => action !== "rebuild").map((change) => withoutPasswords(describeChange(change)));
}
