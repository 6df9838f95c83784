import { mysql } from "../../engine/mysql/index.ts";
import type { Build } from "../build.ts";
import { buildFailure, reduceOutput } from "./errors.ts";

/** Completes tables while the next ones are loaded, through a client of its own. */
export interface Indexer {
  /** Adds the keys of a table that is loaded; nothing when it has them all. */
  add(alter: string | undefined): void;
  /** Waits until all are made. Throws reduced errors. */
  done(): Promise<void>;
}

/** Opens an indexer; its client is started with the first table. */
export function openIndexer(build: Build): Indexer {
  const statements: string[] = [];
  let running: Promise<void> | undefined;
  let failure: unknown;
  const work = async () => {
    const client = mysql.adminClient(build.workshop.place, build.database, build.server);
    while (statements.length > 0) {
      const batch = statements.splice(0).map((statement) => `${statement};\n`);
      const input = `SET SESSION foreign_key_checks = 0;\nSET SESSION sql_mode = '';\n${batch.join("")}`;
      const { status, stderr } = await build.workshop.run(client, { input });
      if (status !== 0) throw buildFailure("build the keys", reduceOutput(stderr, build.serverErrors()));
    }
  };
  return {
    add(alter) {
      if (alter === undefined || failure !== undefined) return;
      statements.push(alter);
      running ??= work()
        .catch((error) => {
          failure = error;
        })
        .finally(() => {
          running = undefined;
        });
    },
    async done() {
      while (running !== undefined) await running;
      if (failure !== undefined) throw failure;
    },
  };
}
