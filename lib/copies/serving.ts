import type { BaseRecord } from "../bases/catalogue.ts";
import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import type { Config } from "../kit/config.ts";
import type { ServeRequest } from "../runtime/index.ts";
import { type CopyRecord, passwordOf, runtimeIdOf } from "./record.ts";

/** What a runtime needs to know to start a copy's server, the first time or again. */
export async function serveRequestOf(copy: CopyRecord): Promise<ServeRequest> {
  const engine: ServerEngine = servers[copy.engine];
  const { server, database, user } = copy;
  const { settings, memory, cpus, network, joins = [] } = copy.serving;
  const password = await passwordOf(copy.id);
  return {
    id: runtimeIdOf(copy),
    alias: `ditto-${copy.id}`,
    from: copy.frozen,
    script: (place, { port, listen }) => engine.serveScript({ place, port, listen, purpose: "copy", settings, server }),
    files: { "start.sql": engine.startSql({ user, password, database, server }) },
    serverPort: engine.defaultPort,
    bind: copy.bind,
    port: copy.port,
    expiresAt: expiryForOthers(copy),
    network,
    joins,
    ...(memory ? { memory: `${memory}b` } : {}),
    ...(cpus ? { cpus: String(cpus) } : {}),
  };
}

/** What stands beside a copy's data for other state folders, which leave a named one alone. */
export function expiryForOthers({ name, expiresAt }: CopyRecord): string | null {
  return name === "" ? expiresAt : null;
}

/** With what a server on this base is started, as configured now. */
export function servingOf({ copy }: Config, base: Pick<BaseRecord, "settings">): CopyRecord["serving"] {
  const { memory, cpus, network } = copy;
  return { settings: { ...base.settings, ...copy.settings }, memory, cpus, network };
}
