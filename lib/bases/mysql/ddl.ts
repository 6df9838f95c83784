import { toolNames } from "../../engine/mysql/tools.ts";
import { isMysql, parseToolVersion } from "../../engine/mysql/version.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Table } from "../../schema/model.ts";
import type { SourceBuild } from "../build.ts";
import { tableOf, withoutPasswords } from "./connections.ts";
import { reduceOutput, sourceFailure } from "./errors.ts";
import { sourceLogin } from "./login.ts";
import { BASE_DEFINER, kindOfStatement, rewriteDefiner } from "./rewrite.ts";
import { StatementSplitter } from "./statements.ts";
import { canDump } from "./versions.ts";

/** A source's definitions, in the order in which they are run. */
export interface SourceDdl {
  /** Tables and sequences, and the settings around them: before the rows. */
  before: string[];
  /** Views, routines, triggers and events as a script, with the settings that they were made under: after the rows. */
  after: string;
  /** Tables of other servers whose passwords were left out. */
  disarmed: string[];
}

/** Asks the source's own dump tool for all definitions but those of `left`. */
export async function dumpDdl(build: SourceBuild, left: Table[]): Promise<SourceDdl> {
  const { toolbox, look, session } = build;
  await refuseOldTool(build);
  const login = await sourceLogin(build);
  const child = await toolbox.start({
    tool: toolNames(look.server, "dump"),
    args: [
      ...login.args,
      ...["--no-data", "--routines", "--events", "--triggers", "--skip-add-drop-table", "--skip-lock-tables"],
      ...["--skip-add-locks", "--no-tablespaces", "--default-character-set=utf8mb4", "--skip-dump-date"],
      ...(isMysql(look.server) ? ["--set-gtid-purged=OFF"] : []),
      ...(isMysql(look.server, "8.0") ? ["--column-statistics=0"] : []),
      ...left.map(({ name }) => `--ignore-table=${session.database}.${name}`),
      session.database,
    ],
    secretFile: login.secretFile,
  });
  const ddl = collector(build.disarms);
  for await (const chunk of child.stdout) ddl.push(chunk);
  const { status, stderr } = await child.done;
  await login.forget();
  if (status !== 0) throw ddlFailure(stderr);
  return ddl.end();
}

/** An older tool, or the other flavour's, leaves out what it doesn't know. */
async function refuseOldTool({ toolbox, look }: SourceBuild): Promise<void> {
  const { status, stdout } = await toolbox.run({ tool: toolNames(look.server, "dump"), args: ["--version"] });
  const wanted = `${look.server.flavour} ${look.server.version}`;
  const hint = `Name an image with the tools of ${wanted} in dump.client_image, or install them`;
  if (status !== 0) {
    throw new DittoError(`Cannot dump the source: there is no dump tool for ${wanted}`, {
      code: "CLIENT_MISSING",
      hint,
    });
  }
  const tool = parseToolVersion(stdout);
  if (canDump(tool, look.server)) return;
  throw new DittoError(
    `Cannot dump the source: it is ${wanted}, and the dump tool is ${tool.flavour} ${tool.version}`,
    {
      code: "CLIENT_TOO_OLD",
      hint,
    },
  );
}

function collector(disarms: boolean): { push(chunk: Uint8Array): void; end(): SourceDdl } {
  const before: string[] = [];
  const after: string[] = [];
  const disarmed: string[] = [];
  const splitter = new StatementSplitter({
    begin: () => "hold",
    pass: () => {},
    statement(written, delimiter) {
      const text = disarms ? withoutPasswords(written) : written;
      if (text !== written) disarmed.push(tableOf(text));
      const kind = kindOfStatement(text);
      if (kind !== "object") before.push(text);
      if (kind !== "table") after.push(terminated(rewriteDefiner(text, BASE_DEFINER), delimiter));
    },
  });
  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      // MariaDB prints a back-quote in a foreign key's name as it is (seen in 11.8).
      if (!splitter.end()) throw unreadable();
      return { before, after: after.join(""), disarmed };
    },
  };
}

/** A statement as the client takes it; bodies hold semicolons and keep the delimiter that the dump chose. */
export function terminated(statement: string, delimiter: string): string {
  if (delimiter === ";" || delimiter === "") return `${statement};\n`;
  return `DELIMITER ${delimiter}\n${statement}\n${delimiter}\nDELIMITER ;\n`;
}

function unreadable(): DittoError {
  return new DittoError("Cannot read the source's definitions: quotes in what the dump tool printed don't match", {
    code: "DDL_UNREADABLE",
    hint: "Look for a foreign key whose name holds a back-quote, and rename it",
  });
}

function ddlFailure(stderr: string) {
  const error = reduceOutput(stderr);
  // The tool names what it was at, and a definition holds no rows.
  const at =
    /Couldn't execute '(?:SHOW CREATE (?:TABLE|VIEW|FUNCTION|PROCEDURE|TRIGGER|EVENT)|SHOW FIELDS FROM|show fields from) ([^']+)'/i.exec(
      stderr,
    )?.[1];
  const where = at === undefined ? "" : ` at ${at}`;
  const failure = sourceFailure(`read the source's definitions${where}`, error);
  if (error.code !== 1356) return failure;
  return sourceFailure(`read the source's definitions${where}`, {
    ...error,
    hint: "Repair or drop the view on the source, or leave it out (dump.exclude_tables)",
  });
}
