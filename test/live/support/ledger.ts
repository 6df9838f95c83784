import { SQL } from "bun";

/** Rows that a client writes one by one, and what became of each. */
export interface Ledger {
  /** Rows whose commit was acknowledged: id to content. */
  acknowledged: Map<number, string>;
  /** Rows whose insert failed or was cut off: they may be there or not. */
  unsure: Set<number>;
  stop(): Promise<void>;
}

/** Bytes of a row, all different: what compresses would fill no disk. */
const ROW_BYTES = 12_000;

/** Makes the table `ledger` and writes until stopped, whatever fails in between. */
export async function keepLedger(url: string): Promise<Ledger> {
  const ledger = { acknowledged: new Map<number, string>(), unsure: new Set<number>() };
  let client = connect(url);
  await client.unsafe(
    `CREATE TABLE ledger (id int PRIMARY KEY, content ${/^postgres/.test(url) ? "text" : "longtext"})`,
  );
  let stopped = false;
  const write = async () => {
    for (let id = 1; !stopped; id++) {
      const content = Buffer.from(crypto.getRandomValues(new Uint8Array(ROW_BYTES / 2))).toString("hex");
      const written = client.unsafe(`INSERT INTO ledger VALUES (${id}, '${content}')`).then(
        () => true,
        () => false,
      );
      if (await Promise.race([written, Bun.sleep(20_000).then(() => false)])) ledger.acknowledged.set(id, content);
      else {
        ledger.unsure.add(id);
        client.close({ timeout: 0 }).catch(() => {});
        client = connect(url);
      }
      // The pace of an application; it must not fill the pool itself.
      await Bun.sleep(10);
    }
    client.close({ timeout: 0 }).catch(() => {});
  };
  const writing = write();
  return {
    ...ledger,
    async stop() {
      stopped = true;
      await writing;
    },
  };
}

/** Rows of the table as it is now: id to content. */
export async function readLedger(url: string): Promise<Map<number, string>> {
  const client = connect(url);
  try {
    const rows = (await client.unsafe("SELECT id, content FROM ledger ORDER BY id")) as {
      id: number;
      content: string;
    }[];
    return new Map(rows.map(({ id, content }) => [id, content]));
  } finally {
    await client.close();
  }
}

function connect(url: string): SQL {
  return new SQL(url, { max: 1, connectionTimeout: 10 });
}
