import { type Client, connect } from "./client.ts";
import { BIGGEST } from "./content.ts";
import type { Engine } from "./plan.ts";

const WRITERS = 6;

/** Asks a server all the time; `end` resolves to the longest that an answer took, in milliseconds. */
export async function watchPause(engine: Engine, url: string): Promise<{ end(): Promise<number> }> {
  const client = await connect(engine, url);
  let [longest, stop] = [0, false];
  const asking = (async () => {
    while (!stop) {
      const begun = performance.now();
      await client.query("SELECT 1");
      longest = Math.max(longest, performance.now() - begun);
      await Bun.sleep(1);
    }
  })();
  return {
    async end() {
      stop = true;
      await asking;
      await client.close();
      return longest;
    },
  };
}

/** Clients at work until they are stopped. */
export interface BusyClients {
  /** Runs a statement that leaves much to be written. */
  dirty(sql: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts clients that commit as fast as they can, a row at a time. */
export async function startBusyClients(engine: Engine, url: string, accounts: number): Promise<BusyClients> {
  let stopped = false;
  const write = async (client: Client, writer: number) => {
    // Odd rows only: the heavy statement holds the even ones.
    for (let turn = 0; !stopped; turn++) {
      const aid = ((writer * 7919 + turn * 104_729) % Math.floor(accounts / 2)) * 2 + 1;
      await client.query(`UPDATE ${BIGGEST} SET abalance = abalance + 1 WHERE aid = ${aid}`);
    }
    await client.close();
  };
  const heavy = await connect(engine, url);
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => connect(engine, url)));
  const writers = clients.map(write);
  return {
    async dirty(sql) {
      await heavy.query(sql);
    },
    async stop() {
      stopped = true;
      await Promise.all(writers);
      await heavy.close();
    },
  };
}
