import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import { type Copy, soak } from "./support/ground.ts";
import {
  asking,
  contentsOf,
  copyTools,
  MYSQL_SERVERS,
  type MysqlServer,
  missingMysql,
  partsOf,
  schemaOf,
  sharedMysql,
  sharedSakila,
  sourceTools,
} from "./support/mysql.ts";
import { makeProject } from "./support/project.ts";

setDefaultTimeout(300_000);

const { images, samples } = readProvisioned();

/** The URL for a user who may read the database's tables and definitions, and nothing else. */
async function readerOf(source: Source, url: string, server: MysqlServer): Promise<string> {
  const [flavour] = partsOf(server);
  await source.sql(`CREATE USER IF NOT EXISTS dumper@'%' IDENTIFIED BY 'read-only-9f2c';
    GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON sakila.* TO dumper@'%';
    GRANT ${flavour === "mysql" ? "SHOW_ROUTINE ON *.*" : "SELECT ON mysql.proc"} TO dumper@'%'`);
  return url.replace(/\/\/root:[^@]*@/, "//dumper:read-only-9f2c@");
}

/** Of the three servers only the soak tries all: test/live/mysql-transfer has the other two. */
const SERVERS = soak ? MYSQL_SERVERS : (["mariadb:10.11"] as const);

for (const server of SERVERS) {
  const missing = missingMysql(server) ?? (samples === null ? "skipped: no samples" : undefined);

  describe.skipIf(missing !== undefined)(`${server}${missing ? ` (${missing})` : ""}`, () => {
    test("Sakila, read by a user who may only read, is the same in the copy", async () => {
      const source = await sharedMysql(server);
      const url = await readerOf(source, await sharedSakila(server), server);
      const contents = await contentsOf(asking(sourceTools(source)), "sakila");
      const schema = await schemaOf(sourceTools(source), "sakila");
      expect(contents.rental).toStartWith("16044 rows, ");
      expect(schema).toContain("CREATE DEFINER=… PROCEDURE `rewards_report`");
      const project = await makeProject({
        source: { url },
        copy: { image: images[server], side_effects: "keep" },
      });
      try {
        await project.must("reseed");
        const tools = copyTools(await project.json<Copy & { engine: string }>("copy", ["create"]));
        expect(await contentsOf(asking(tools), "sakila")).toEqual(contents);
        expect(await schemaOf(tools, "sakila")).toBe(schema);
      } finally {
        await project.remove();
      }
    });
  });
}
