import { readMysqlTables } from "../../schema/mysql/read-tables.ts";
import type { Transfer } from "../build.ts";
import { withWorkshopSession } from "./admin.ts";
import { readDefinitions } from "./definitions.ts";
import { disarm } from "./disarm.ts";
import { fromSource } from "./dump.ts";
import { fromFile } from "./import.ts";
import { inspect, settle } from "./inspect.ts";
import { fits, look, missingPrivileges } from "./look.ts";
import { misfitsOfMasks } from "./mask-check.ts";
import { keepsRow, selectMasked } from "./mask-sql.ts";
import { portableDump, schemaDump } from "./portable.ts";
import { sampleRows } from "./samples.ts";
import { dumpTool, misfitOf } from "./versions.ts";
import { watchman } from "./watchman.ts";

/** How a MySQL or MariaDB database moves: its own dump tool's definitions, and all rows under one snapshot. */
export const mysqlTransfer: Transfer = {
  look,
  missingPrivileges,
  dumpTool,
  misfitOf,
  fits,
  withBase: withWorkshopSession,
  readSchema: readMysqlTables,
  readDefinitions,
  sampleRows,
  misfitsOfMasks,
  selectMasked,
  keepsRow,
  fromSource,
  fromFile,
  portableDump,
  schemaDump,
  inspect,
  disarm,
  armedSettings: (look) => ({ event_scheduler: look?.traits.event_scheduler ?? "ON" }),
  settle,
  watchman,
};
