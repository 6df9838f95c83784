import type { EngineName, ServerEngine } from "./index.ts";
import { mysql } from "./mysql/index.ts";
import { postgres } from "./postgres/index.ts";

/** Every engine that runs servers. */
export const servers = { postgres, mysql } satisfies Record<EngineName, ServerEngine>;
