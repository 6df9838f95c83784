import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { accessTo, type CopyRecord, runtimeIdOf } from "./record.ts";

/** Counts the logins of others than ditto in a copy, from now on. */
export interface LoginCount {
  /** How many there were since. */
  since(): Promise<number>;
}

/** Settings that a copy needs for {@link countLogins}. */
export function loginSettings(copy: Pick<CopyRecord, "engine">): Record<string, string> {
  return (servers[copy.engine] as ServerEngine).loginLog ?? {};
}

/** Begins to count: by the server's log where it writes logins, else by what the server has counted. */
export async function countLogins(copy: CopyRecord): Promise<LoginCount> {
  const { clientsInLog } = servers[copy.engine] as ServerEngine;
  if (clientsInLog) {
    const runtime = await runtimeNamed(copy.runtime, () => {});
    return { since: async () => clientsInLog(await runtime.logs(runtimeIdOf(copy))) };
  }
  const before = await connectionsOf(copy);
  // Of the second look itself one.
  return { since: async () => (await connectionsOf(copy)) - before - 1 };
}

async function connectionsOf(copy: CopyRecord): Promise<number> {
  const session = await servers[copy.engine].connect(await accessTo(copy));
  const [row] = await session.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Connections'");
  await session.close();
  return Number(row?.Value ?? 0);
}
