import { readPostgresTables } from "../../schema/postgres/read.ts";
import type { Transfer } from "../build.ts";
import { rowsOfFile } from "./archive.ts";
import { readDefinitions } from "./definitions.ts";
import { disarm } from "./disarm.ts";
import { rowsWithoutDump } from "./driver.ts";
import { fromSource } from "./dump.ts";
import { LIST_EXTENSIONS } from "./extensions.ts";
import { fits } from "./fits.ts";
import { fromFile } from "./import.ts";
import { inspect, settle, withSocketSession } from "./inspect.ts";
import { look, missingPrivileges } from "./look.ts";
import { misfitsOfMasks } from "./mask-check.ts";
import { keepsRow, selectMasked } from "./mask-sql.ts";
import { portableDump, schemaDump } from "./portable.ts";
import { sampleRows } from "./samples.ts";
import { dumpTool, misfitOf } from "./versions.ts";
import { watchman } from "./watchman.ts";

/** How a Postgres database moves: pg_dump's directory format and COPY, both under one snapshot. */
export const postgresTransfer: Transfer = {
  look,
  missingPrivileges,
  dumpTool,
  listExtensions: LIST_EXTENSIONS,
  misfitOf,
  fits,
  withBase: withSocketSession,
  readSchema: readPostgresTables,
  readDefinitions,
  sampleRows,
  misfitsOfMasks,
  selectMasked,
  keepsRow,
  fromSource,
  fromFile,
  rowsOfFile,
  portableDump,
  rowsWithoutDump,
  schemaDump,
  inspect,
  disarm,
  armedSettings: () => ({}),
  settle,
  watchman,
};
