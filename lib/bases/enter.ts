import { servers } from "../engine/engines.ts";
import type { ConnectOptions, EngineName, ServerEngine, ServerVersion, Session } from "../engine/index.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Selection, Transfer } from "./build.ts";
import type { MissingPrivilege } from "./privileges.ts";
import { transfers } from "./transfers.ts";

/** A guest's session with a source, or what its user lacks to have one. */
export type Entered = { engine: ServerEngine; transfer: Transfer } & (
  | { session: Session }
  | { server: ServerVersion; missing: MissingPrivilege[] }
);

/** Logs in to a source as a guest. MySQL lets nobody in who may do nothing with the database: what that takes is then found out. */
export async function enter(
  source: DatabaseUrl,
  question: { selection: Selection; lockWaitMs: number },
  options: Pick<ConnectOptions, "statementMs"> = {},
): Promise<Entered> {
  const engine = servers[source.engine as EngineName];
  const transfer = transfers[engine.name];
  const connect = (target: DatabaseUrl) => engine.connect(target, { guest: true, ...options });
  try {
    return { engine, transfer, session: await connect(source) };
  } catch (error) {
    if ((error as { code?: string }).code !== "DATABASE_DENIED") throw error;
    const session = await connect({ ...source, database: "" });
    try {
      const missing = await transfer.missingPrivileges(session, { database: source.database, ...question });
      return { engine, transfer, server: session.server, missing };
    } finally {
      await session.close().catch(() => {});
    }
  }
}
