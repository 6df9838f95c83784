import { randomBytes } from "node:crypto";
import { accessTo, type CopyRecord, runtimeIdOf } from "../copies/record.ts";
import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import type { Seen, Watching } from "../engine/watch.ts";
import { messageOf } from "../kit/errors.ts";
import { runtimeNamed } from "../runtime/open.ts";

/** How long a server's log may take to arrive. */
const LOG_LIMIT_MS = 5_000;

/** A watch over what clients do in a copy. */
export interface Watch {
  /** Ends it and reads what was seen; what could not be seen is said in `limits`. */
  finish(): Promise<Seen>;
  /** Ends it, whatever was seen. */
  drop(): Promise<void>;
}

/** Begins to watch a copy. A server that can't be watched is no reason not to migrate. */
export async function watchCopy(copy: CopyRecord): Promise<Watch> {
  const engine: ServerEngine = servers[copy.engine];
  const mark = `ditto-${randomBytes(6).toString("hex")}`;
  const session = await engine.connect(await accessTo(copy));
  let watching: Watching;
  try {
    watching = await engine.watch.begin(session, mark);
  } catch (error) {
    await session.close();
    const seen: Seen = { statements: [], limits: `Statements and locks were not recorded: ${messageOf(error)}` };
    return { finish: async () => seen, drop: async () => {} };
  }
  let ended = false;
  const drop = async () => {
    if (ended) return;
    ended = true;
    await session.close().catch(() => {});
  };
  return {
    drop,
    async finish() {
      try {
        const { complete, logins } = await watching.end();
        const seen = engine.watch.read(await readLog(copy, watching, complete), mark);
        return logins === undefined ? seen : { ...seen, logins };
      } catch (error) {
        return { statements: [], limits: `Statements and locks could not be read: ${messageOf(error)}` };
      } finally {
        await drop();
      }
    },
  };
}

async function readLog(copy: CopyRecord, { log }: Watching, complete: string | undefined): Promise<string> {
  const runtime = await runtimeNamed(copy.runtime, () => {});
  if (log.in === "server") {
    const until = Date.now() + LOG_LIMIT_MS;
    for (;;) {
      const text = await runtime.logs(runtimeIdOf(copy));
      if (complete === undefined || text.includes(complete)) return text;
      if (Date.now() > until) throw new Error("the server's log did not arrive");
      await Bun.sleep(100);
    }
  }
  const toolbox = await runtime.insideCopy(runtimeIdOf(copy), copy.frozen);
  try {
    const { stdout } = await toolbox.run({ tool: "sh", args: ["-c", 'cat -- "$1"; rm -f -- "$1"', "sh", log.path] });
    return stdout;
  } finally {
    await toolbox.close();
  }
}
