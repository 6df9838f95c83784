import { changeCopy } from "../copies/change.ts";
import { dropIfUnused } from "../copies/drop-snapshot.ts";
import { beginMigrating, endMigrating, forgetMigrating } from "../copies/migrating.ts";
import { type CopyRecord, wordFor } from "../copies/record.ts";
import { rollBack } from "../copies/rollback.ts";
import { takeSnapshot } from "../copies/snapshot.ts";
import { isTaken, knownSnapshots, pathOf, type SnapshotRecord } from "../copies/snapshot-record.ts";
import type { Seen } from "../engine/watch.ts";
import { interrupted, withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { DittoError, messageOf, redact } from "../kit/errors.ts";
import { formatDuration } from "../kit/units.ts";
import type { Choice } from "./choose-tool.ts";
import { withoutPasswords } from "./lock-words.ts";
import type { Outcome } from "./outcome.ts";
import type { ProjectFolder } from "./project-folder.ts";
import { type RunEnd, runSqlFiles } from "./run-sql.ts";
import { type Prepared, prepareTool, runTool } from "./run-tool.ts";
import { describeSchemaChange, readSchemaState } from "./schema-change.ts";
import { type SqlFiles, sqlFiles } from "./sql-files.ts";
import { watchCopy } from "./watched.ts";

interface Migration {
  choice: Choice;
  config: Config;
  call: Conversation;
  /** Stay on what a failure left. */
  keep: boolean;
}

/** What of the tool's output is kept for a report. */
const OUTPUT_LIMIT = 8_000;

type Plan = { kind: "sql"; folder: ProjectFolder; files: SqlFiles } | ({ kind: "tool" } & Prepared);

/**
 * Tries a migration in a copy: takes a snapshot, runs the tool, looks what it did. A failure, also an interruption, puts
 * the copy back on the snapshot unless it is to be kept. Throws `NO_CONNECTION` when nobody but ditto came.
 */
export async function migrateCopy(copy: CopyRecord, migration: Migration): Promise<Outcome> {
  const { choice, call } = migration;
  const plan = await planOf(copy, migration);
  const before = await readSchemaState(copy);
  const snapshot = await takeBefore(copy, migration);
  await forgetOldest(copy, migration);
  const word = wordFor(copy);
  const back = `"bun scripts/snapshot.ts rollback ${word} --to ${snapshot.name}"`;
  call.say(`Took snapshot ${pathOf(snapshot)}; should this be cut off, ${back} puts the copy back`);
  const output = collectOutput(call);
  let settled = true;
  return withCleanup(
    async () => {
      await changeCopy(copy, (now) => beginMigrating(now, snapshot));
      settled = false;
      const { end, seen, ms } = await runWatched(copy, plan, { call, onOutput: output.take });
      if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED", exit: 130 });
      output.flush();
      const outcome = {
        ...describe(copy, choice, plan),
        ...end,
        ms,
        snapshot: snapshot.name,
        output: output.tail(),
        ...limitsOf(seen),
      };
      const failed = end.status !== 0;
      if (!failed && seen.logins === 0 && plan.kind === "tool") {
        settled = true;
        await changeCopy(copy, (now) => forgetMigrating(now, snapshot));
        throw nobodyCame(copy, plan);
      }
      if (failed && call.quiet) call.reveal(output.tail());
      if (failed && seen.logins === 0) call.say(`Note: nothing but ditto connected to "${word}"`);
      settled = true;
      if (failed && !migration.keep) {
        const begun = performance.now();
        await rollBack(copy, snapshot);
        return { ...outcome, state: "rolled_back", rollbackMs: performance.now() - begun };
      }
      const after = await readSchemaState(copy);
      await settle(copy, { status: end.status });
      return { ...outcome, state: failed ? "kept" : "migrated", schema: describeSchemaChange(before, after) };
    },
    async () => {
      if (settled) return;
      await undo(copy, snapshot, { ...migration, back });
    },
  );
}

async function planOf(copy: CopyRecord, { choice, config, call }: Migration): Promise<Plan> {
  if (choice.kind !== "sql") return { kind: "tool", ...(await prepareTool(choice, copy, config)) };
  const files = await sqlFiles(choice.folder, copy.engine);
  const ways = files.leftOut.length;
  if (ways > 0) call.say(`Left out, being the way back: ${files.leftOut.join(", ")}`);
  return { kind: "sql", folder: choice.folder, files };
}

async function takeBefore(copy: CopyRecord, { config, call }: Migration): Promise<SnapshotRecord> {
  const name = await freeName(copy);
  try {
    return await takeSnapshot(copy, { name }, config);
  } catch (error) {
    if ((error as DittoError).code !== "NOT_CAPTURED") throw error;
    // What can't be gone back to exactly is no snapshot: better a moment without connections.
    call.say(`${messageOf(error)}: the server stops for it`);
    return takeSnapshot(copy, { name, stop: true }, config);
  }
}

/** Beyond `copy.keep_snapshots` the oldest of this command's own go, never those that somebody took to have them. */
async function forgetOldest(copy: CopyRecord, { config, call }: Migration): Promise<void> {
  const kept = (await knownSnapshots(copy.id)).filter(({ auto }) => auto === undefined);
  const surplus = Math.max(0, kept.length - config.copy.keep_snapshots);
  const own = kept.filter(({ name }) => name.startsWith(NAME)).slice(0, -1);
  for (const old of own.slice(0, surplus)) {
    if (await dropIfUnused(old))
      call.say(`Removed ${pathOf(old)}: copy.keep_snapshots is ${config.copy.keep_snapshots}`);
  }
}

const NAME = "before-migrate-";

/** `before-migrate-20261121-183012`, UTC; with a number behind it when that moment has one. */
async function freeName(copy: CopyRecord): Promise<string> {
  const moment = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const name = `${NAME}${moment}`;
  let free = name;
  for (let number = 2; await isTaken({ copyId: copy.id, name: free }); number++) free = `${name}-${number}`;
  return free;
}

async function runWatched(
  copy: CopyRecord,
  plan: Plan,
  { call, onOutput }: { call: Conversation; onOutput(text: string): void },
): Promise<{ end: RunEnd; seen: Seen; ms: number }> {
  const watch = await watchCopy(copy);
  try {
    const begun = performance.now();
    const end =
      plan.kind === "tool"
        ? { status: await runTool(plan, onOutput) }
        : await runSqlFiles(copy, { folder: plan.folder, names: plan.files.names, say: call.say, onOutput });
    const ms = performance.now() - begun;
    return { end, ms, seen: interrupted() ? { statements: [] } : await watch.finish() };
  } finally {
    await watch.drop();
  }
}

async function settle(copy: CopyRecord, details: Record<string, unknown>): Promise<void> {
  await changeCopy(copy, (now) => endMigrating(now, details));
}

/** What an interruption, or an error of ditto's own, makes necessary. */
async function undo(
  copy: CopyRecord,
  snapshot: SnapshotRecord,
  { keep, call, back }: Migration & { back: string },
): Promise<void> {
  const word = wordFor(copy);
  if (keep) {
    await settle(copy, { status: "interrupted" });
    call.say(`Copy ${word} stays as the migration left it; ${back} puts it back`);
    return;
  }
  const begun = performance.now();
  await rollBack(copy, snapshot);
  call.say(`Copy ${word} is back on ${pathOf(snapshot)} (${formatDuration(performance.now() - begun)})`);
}

function describe(copy: CopyRecord, choice: Choice, plan: Plan): Pick<Outcome, "copy" | "tool" | "shown"> {
  if (plan.kind === "tool") return { copy, tool: choice.kind === "tool" ? choice.tool : "command", shown: plan.shown };
  const { names } = plan.files;
  const all = names.length === 1 ? names[0] : `${names.length} files, ${names[0]} to ${names.at(-1)}`;
  return { copy, tool: "sql", shown: all ?? "" };
}

function limitsOf({ statements, limits }: Seen): Pick<Outcome, "statements" | "limits"> {
  const shown = statements.map((statement) => ({ ...statement, sql: withoutPasswords(statement.sql) }));
  return { statements: shown, ...(limits === undefined ? {} : { limits }) };
}

/** Shows the tool's output as it comes, without secrets, and keeps its end. */
function collectOutput(call: Conversation) {
  let all = "";
  let line = "";
  return {
    take(text: string) {
      all = (all + text).slice(-OUTPUT_LIMIT);
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      if (lines.length > 0) call.say(lines.join("\n"));
    },
    flush() {
      if (line !== "") call.say(line);
      line = "";
    },
    tail: () => Bun.stripANSI(redact(all)).trim(),
  };
}

function nobodyCame(copy: CopyRecord, { variables, shown }: Prepared): DittoError {
  return new DittoError(
    `Cannot trust the migration: nothing but ditto connected to "${wordFor(copy)}" while "${shown}" ran, so it migrated something else, or nothing`,
    {
      code: "NO_CONNECTION",
      hint: `The copy is as it was. Set were ${variables.join(", ")}: which does the tool read? source.env in ditto.yaml names others`,
    },
  );
}
