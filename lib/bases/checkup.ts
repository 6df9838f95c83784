import type { ServerEngine, ServerVersion, Session } from "../engine/index.ts";
import { type Config, requireSource } from "../kit/config.ts";
import type { DittoError } from "../kit/errors.ts";
import { resolveSource } from "../kit/secrets.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import { isDrawnRule } from "../mask/drawn.ts";
import type { Runtime, ToolAnswer, ToolQuestion } from "../runtime/index.ts";
import type { Selection, Transfer } from "./build.ts";
import { advised, type Check, failed, failedBy, passed, unchecked } from "./check.ts";
import { countColumns } from "./describe-review.ts";
import { type Entered, enter } from "./enter.ts";
import { loadMaskKey } from "./mask-key.ts";
import { selectionOf } from "./prepare.ts";
import type { MissingPrivilege } from "./privileges.ts";
import { withReach } from "./reach.ts";
import { reviewSchema, type Site } from "./review.ts";
import { choose } from "./selection.ts";

/** How long one question may keep the source busy. */
const STATEMENT_MS = 20_000;

/** A server's own word for a statement that took too long: Postgres, MySQL, MariaDB. */
const TIMED_OUT = ["57014", "ER_QUERY_TIMEOUT", "ER_STATEMENT_TIMEOUT"];

/** Looks at the source as a reseed does before its first byte: reach, rights, contents, and the tools for it. Reads only. */
export async function checkSource(config: Config, runtime: Runtime | undefined): Promise<Check[]> {
  let url: DatabaseUrl;
  try {
    requireSource(config);
  } catch (error) {
    return noSource(error as DittoError);
  }
  const source = requireSource(config);
  const question = { selection: selectionOf(config), lockWaitMs: source.lock_wait * 1000 };
  try {
    url = await resolveSource(source);
    const reach = { tunnel: source.tunnel, runtime: runtime ?? { locate: async (host: string) => host } };
    return await withReach(url, reach, async (reached) => {
      const entered = await enter(reached, question, { statementMs: STATEMENT_MS });
      const server = "session" in entered ? entered.session.server : entered.server;
      const [inside, tools, available] = await Promise.all([
        checkInside(entered, { ...question, database: reached.database, obfuscation: config.obfuscation }),
        checkTools(config, runtime, { ...entered, server }),
        availableExtensions(config, runtime, { ...entered, server }),
      ]);
      const lacking = lackingExtensions(
        inside.extensions,
        available,
        config.copy.image || entered.engine.image(server),
      );
      const line = lacking && tools.status === "ok" ? lacking : tools;
      return [passed("source", nameOf(server, url, source.tunnel !== "")), ...inside.lines, line];
    });
  } catch (error) {
    return [failedBy("source", error), ...unreached("the source was not reached")];
  }
}

function noSource({ message, hint }: DittoError): Check[] {
  const because = message.charAt(0).toLowerCase() + message.slice(1);
  return [unchecked("source", because, hint ?? ""), ...unreached("there is no source to look at")];
}

function unreached(because: string): Check[] {
  return (["privileges", "contents", "masks", "tools"] as const).map((check) => unchecked(check, because));
}

function nameOf(server: ServerVersion, url: DatabaseUrl, tunnelled: boolean): string {
  const where = url.socket ?? `${url.host}:${url.port}`;
  const way = tunnelled ? ", through the tunnel" : "";
  return `${server.flavour} ${server.version} at ${where}${way}, database "${url.database}", user "${url.user}"`;
}

interface Question {
  database: string;
  selection: Selection;
  lockWaitMs: number;
  obfuscation: Config["obfuscation"];
}

/** The lines, and the extensions that a base takes over. */
interface Inside {
  lines: Check[];
  extensions: string[];
}

async function checkInside(entered: Entered, question: Question): Promise<Inside> {
  const bare = (lines: Check[]): Inside => ({ lines, extensions: [] });
  if (!("session" in entered)) {
    return bare([...privilegeLines(entered.missing), ...withoutRights("privileges are missing")]);
  }
  const { engine, session, transfer } = entered;
  try {
    const missing = await missingOf(session, transfer, question);
    if (!Array.isArray(missing)) return bare([missing, ...withoutRights("the privileges could not be looked at")]);
    const lines = privilegeLines(missing);
    if (lines.some(({ status }) => status === "failed"))
      return bare([...lines, ...withoutRights("privileges are missing")]);
    const { line, extensions } = await checkContents(session, transfer, question);
    return {
      lines: [...lines, line, await checkMasks({ engine: engine.name, session, transfer }, question)],
      extensions,
    };
  } finally {
    await session.close().catch(() => {});
  }
}

function withoutRights(because: string): Check[] {
  return [unchecked("contents", because), unchecked("masks", because)];
}

async function missingOf(
  session: Session,
  transfer: Transfer,
  question: Question,
): Promise<MissingPrivilege[] | Check> {
  try {
    return await transfer.missingPrivileges(session, question);
  } catch (error) {
    return inquiryFailed("privileges", error);
  }
}

function privilegeLines(missing: MissingPrivilege[]): Check[] {
  const needed = missing.filter(({ optional }) => !optional);
  if (needed.length > 0) {
    const hint = "Let an administrator of the source run this, or leave them out (dump.exclude_tables)";
    return needed.map(({ state, statements }) => ({
      ...failed("privileges", { text: upper(state), hint }),
      statements,
    }));
  }
  const text = "The user may read all that is dumped";
  if (missing.length === 0) return [passed("privileges", text)];
  const hint = "An administrator of the source may run this; a dump is complete without it";
  return missing.map(({ state, statements }) => ({
    ...advised("privileges", { text: `${text}; ${state}`, hint }),
    statements,
  }));
}

async function checkContents(
  session: Session,
  transfer: Transfer,
  question: Question,
): Promise<{ line: Check; extensions: string[] }> {
  try {
    const look = await transfer.look(session, question.selection, question.lockWaitMs);
    const without = look.excludedExtensions.map((name) => `, without the extension ${name}`).join("");
    const line = passed("contents", `${formatBytes(look.bytes)} of rows on a ${look.role}${without}`);
    return { line, extensions: look.extensions.map(({ name }) => name) };
  } catch (error) {
    return { line: inquiryFailed("contents", error), extensions: [] };
  }
}

/** What the rules do, and what looks personal without one; a key that is not there yet is not made. */
async function checkMasks(site: Site, { selection, obfuscation }: Question): Promise<Check> {
  if (obfuscation.unreviewed === "allow" && obfuscation.rules.length === 0)
    return passed("masks", "No rules, and no look at what is personal (obfuscation.unreviewed: allow)");
  try {
    if (obfuscation.rules.some(isDrawnRule))
      await loadMaskKey({
        secret: obfuscation.key_secret,
        last: undefined,
        newKey: false,
        makes: false,
        say: () => {},
      });
    const schema = await site.transfer.readSchema(site.session);
    const { plan, unreviewed } = await reviewSchema(site, obfuscation, { schema, chosen: choose(schema, selection) });
    const masked = [...plan.tables.values()].reduce((sum, { columns }) => sum + columns.length, 0);
    if (unreviewed.length === 0) return passed("masks", countColumns(masked));
    const text = `${countColumns(masked)}; ${unreviewed.length} more look personal (obfuscation.unreviewed: warn)`;
    return advised("masks", { text, hint: '"bun scripts/reseed.ts --check" names them, with a rule for each' });
  } catch (error) {
    return inquiryFailed("masks", error);
  }
}

/** What took too long is not known to be wrong. */
function inquiryFailed(check: "privileges" | "contents" | "masks", error: unknown): Check {
  const { code = "" } = error as { code?: string };
  return TIMED_OUT.includes(code)
    ? unchecked(check, `the source did not answer within ${STATEMENT_MS / 1000} s`)
    : failedBy(check, error);
}

/** The dump tool's and the copies' server's version against the source's, where a reseed would run them. */
async function checkTools(
  config: Config,
  runtime: Runtime | undefined,
  { engine, transfer, server }: { engine: ServerEngine; transfer: Transfer; server: ServerVersion },
): Promise<Check> {
  if (!runtime) return unchecked("tools", "there is no runtime to run them in");
  const image = config.copy.image || engine.image(server);
  const clientImage = config.dump.client_image || image;
  const names = transfer.dumpTool(server);
  const asked: ToolQuestion[] = [
    { image: clientImage, server, part: "client", command: { tool: names, args: ["--version"] } },
    { image, server, part: "server", command: engine.serverTool(server) },
  ];
  let answers: ToolAnswer[];
  try {
    answers = await Promise.all(asked.map((question) => runtime.askVersion(question)));
  } catch (error) {
    return failedBy("tools", error);
  }
  const absent = answers.find((answer) => "absent" in answer);
  if (absent?.hint) return failed("tools", { text: upper(absent.absent), hint: absent.hint });
  if (absent) return unchecked("tools", absent.absent);
  const [tool, copies] = answers as [ServerVersion, ServerVersion];
  const misfit = transfer.misfitOf({ source: server, tool, copies });
  if (misfit) return failed("tools", { text: upper(misfit.state), hint: misfit.hint });
  const where = runtime.name === "native" ? "" : ` (image ${[...new Set([clientImage, image])].join(", ")})`;
  return passed("tools", `${names[0]} ${tool.version} and a server ${copies.version} for copies${where}`);
}

/** What the copies' server could make; undefined where that can't be told, or means nothing. */
async function availableExtensions(
  config: Config,
  runtime: Runtime | undefined,
  { engine, transfer, server }: { engine: ServerEngine; transfer: Transfer; server: ServerVersion },
): Promise<Set<string> | undefined> {
  if (!runtime || transfer.listExtensions === undefined) return undefined;
  const image = config.copy.image || engine.image(server);
  const question = { image, server, part: "server", command: transfer.listExtensions } as const;
  const said = await runtime.ask(question).catch(() => undefined);
  const names = (said ?? "").split("\n").filter((name) => name !== "");
  // Every server has a few: none means that they were not found.
  return names.length === 0 ? undefined : new Set(names);
}

function lackingExtensions(used: string[], available: Set<string> | undefined, image: string): Check | undefined {
  const lacking = available === undefined ? [] : used.filter((name) => !available.has(name));
  if (lacking.length === 0) return undefined;
  const names = lacking.map((name) => `"${name}"`).join(", ");
  return failed("tools", {
    text: `The copies' server (${image}) has no extension ${names}, which the source uses: a base can't be restored there`,
    hint: "Name an image that has it in copy.image, or leave it out (dump.exclude_extensions)",
  });
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
