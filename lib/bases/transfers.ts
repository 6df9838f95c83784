import type { EngineName } from "../engine/index.ts";
import type { Transfer } from "./build.ts";

import { mysqlTransfer } from "./mysql/index.ts";

import { postgresTransfer } from "./postgres/index.ts";

/** How each engine's databases move. */
export const transfers = { postgres: postgresTransfer, mysql: mysqlTransfer } satisfies Record<EngineName, Transfer>;
