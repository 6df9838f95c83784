import { servers } from "../engine/engines.ts";
import type { Conversation } from "../kit/cli.ts";
import { DittoError, messageOf, usageError } from "../kit/errors.ts";
import { runAttached } from "../kit/exec.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { loginHost } from "./address.ts";
import { accessForUser, type CopyEvent, type CopyRecord } from "./record.ts";

/** The database's own client on this terminal, or with `--json` the rows of one statement; resolves to the status. */
export async function openSql(copy: CopyRecord, sql: string | undefined, call: Conversation): Promise<number> {
  if (!call.json) return openClient(copy, sql);
  if (sql === undefined)
    throw usageError("Cannot answer in JSON: there is no statement", "Add -c SQL, or leave --json out");
  call.answer(await rowsOf(copy, sql), () => "");
  return 0;
}

async function openClient(copy: CopyRecord, sql: string | undefined): Promise<number> {
  const runtime = await runtimeNamed(copy.runtime, () => {});
  const engine = servers[copy.engine];
  const inside = copy.runtime === "native" ? {} : { host: "127.0.0.1", port: engine.defaultPort };
  const command = engine.userClient({ ...(await accessForUser(copy)), ...inside }, copy.server, sql);
  const { argv, env } = await runtime.attach(copy.id, copy.frozen, command);
  return runAttached(argv, { env });
}

async function rowsOf(copy: CopyRecord, sql: string): Promise<object[]> {
  const session = await servers[copy.engine].connect({ ...(await accessForUser(copy)), host: loginHost(copy) });
  try {
    return await session.query<object>(sql);
  } catch (error) {
    throw new DittoError(`Cannot run the statement: ${messageOf(error)}`, { code: "SQL_FAILED", cause: error });
  } finally {
    await session.close();
  }
}

/** A shell beside the copy's server; resolves to its status. */
export async function openShell(copy: CopyRecord, call: Conversation): Promise<number> {
  if (call.json) throw usageError("Cannot answer in JSON: a shell has no answer", "Leave --json out");
  const runtime = await runtimeNamed(copy.runtime, () => {});
  const { argv, env } = await runtime.attach(copy.id, copy.frozen, { tool: ["bash", "sh"], args: [] });
  return runAttached(argv, { env });
}

/** The server's own log, a line each. */
export async function serverLog(copy: CopyRecord): Promise<string[]> {
  const runtime = await existing(copy);
  return (await runtime.logs(copy.id)).trimEnd().split("\n");
}

/** Log lines or events as text. */
export function renderLog(lines: string[] | CopyEvent[]): string {
  return lines.map((line) => (typeof line === "string" ? line : eventLine(line))).join("\n");
}

function eventLine({ at, action, ...details }: CopyEvent): string {
  const rest = Object.entries(details).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [at, action, ...rest].join("  ");
}

async function existing(copy: CopyRecord) {
  const runtime = await runtimeNamed(copy.runtime, () => {});
  const state = await runtime.state(copy.id);
  if (state !== "missing") return runtime;
  const word = wordFor(copy);
  const hint = (await runtime.hasData(copy.id, copy.frozen))
    ? `Its data is there: "bun scripts/copy.ts start ${word}" makes another server on it`
    : `"bun scripts/copy.ts reset ${word}" makes it again from its base, on the same URL; "delete" forgets it`;
  throw new DittoError(`Cannot read the log of copy "${word}": somebody removed its server`, {
    code: "COPY_LOST",
    hint,
  });
}

function wordFor(copy: CopyRecord): string {
  return copy.name || copy.id;
}
