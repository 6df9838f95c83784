import type { ServerEngine, ServerVersion, Session } from "../engine/index.ts";
import { type Config, requireSource } from "../kit/config.ts";
import type { DittoError } from "../kit/errors.ts";
import { resolveSource } from "../kit/secrets.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Runtime, ToolAnswer, ToolQuestion } from "../runtime/index.ts";
import type { Selection, Transfer } from "./build.ts";
import { type Check, failed, failedBy, passed, unchecked } from "./check.ts";
import { countColumns } from "./describe-review.ts";
import { type Entered, enter } from "./enter.ts";
import { loadMaskKey } from "./mask-key.ts";
import { isDrawnRule } from "./mask-rows.ts";
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
      const [inside, tools] = await Promise.all([
        checkInside(entered, { ...question, database: reached.database, obfuscation: config.obfuscation }),
        checkTools(config, runtime, { ...entered, server }),
      ]);
      return [passed("source", nameOf(server, url, source.tunnel !== "")), ...inside, tools];
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

async function checkInside(entered: Entered, question: Question): Promise<Check[]> {
  if (!("session" in entered)) {
    return [...privilegeLines(entered.missing), ...withoutRights("privileges are missing")];
  }
  const { engine, session, transfer } = entered;
  try {
    const missing = await missingOf(session, transfer, question);
    if (!Array.isArray(missing)) return [missing, ...withoutRights("the privileges could not be looked at")];
    const lines = privilegeLines(missing);
    if (lines.some(({ status }) => status === "failed")) return [...lines, ...withoutRights("privileges are missing")];
    const contents = await checkContents(session, transfer, question);
    return [...lines, contents, await checkMasks({ engine: engine.name, session, transfer }, question)];
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
  const also = missing.map(({ state, statements }) => `; ${state} (${statements.join("; ")})`);
  return [passed("privileges", `The user may read all that is dumped${also.join("")}`)];
}

async function checkContents(session: Session, transfer: Transfer, question: Question): Promise<Check> {
  try {
    const look = await transfer.look(session, question.selection, question.lockWaitMs);
    const without = look.excludedExtensions.map((name) => `, without the extension ${name}`).join("");
    return passed("contents", `${formatBytes(look.bytes)} of rows on a ${look.role}${without}`);
  } catch (error) {
    return inquiryFailed("contents", error);
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
    const rest =
      unreviewed.length === 0 ? "" : `; ${unreviewed.length} more look personal (obfuscation.unreviewed: warn)`;
    return passed("masks", `${countColumns(masked)}${rest}`);
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

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
