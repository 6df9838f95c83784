import type { Transfer } from "../build.ts";
import { fromSource } from "./dump.ts";
import { fromFile } from "./import.ts";
import { inspect, settle } from "./inspect.ts";
import { fits, look } from "./look.ts";
import { portableDump, schemaDump } from "./portable.ts";
import { watchman } from "./watchman.ts";

/** How a MySQL or MariaDB database moves: its own dump tool's definitions, and all rows under one snapshot. */
export const mysqlTransfer: Transfer = {
  look,
  fits,
  fromSource: (build) => fromSource(build),
  fromFile,
  portableDump,
  schemaDump,
  inspect,
  settle,
  watchman,
};
