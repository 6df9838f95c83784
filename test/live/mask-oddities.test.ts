import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { must } from "../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { serversToTry, testWhere } from "./support/ground.ts";
import { MYSQL_RULES, MYSQL_TABLES, POSTGRES_RULES, POSTGRES_TABLES, RAW } from "./support/odd-tables.ts";
import { makeProject, type Project } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";

setDefaultTimeout(300_000);

const SERVERS = [
  { engine: "postgres", version: "17", tables: POSTGRES_TABLES, rules: POSTGRES_RULES },
  { engine: "mysql", version: "9.7", tables: MYSQL_TABLES, rules: MYSQL_RULES },
  { engine: "mariadb", version: "11.8", tables: MYSQL_TABLES, rules: MYSQL_RULES },
] as const;

const { docker, images } = readProvisioned();

for (const { engine, version, tables, rules } of serversToTry(SERVERS, "postgres")) {
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`Odd tables, ${engine}${missing ? ` (${missing})` : ""}`, () => {
    let source: Source;
    let project: Project;
    const definition = (rule: object[]) => ({
      source: { url: source.url },
      copy: { image },
      obfuscation: { rules: rule, unreviewed: "allow" },
    });

    beforeAll(async () => {
      source = await startSource({ engine, version, name: "odd" });
      const before = engine === "postgres" ? ["CREATE EXTENSION citext"] : ["SET SESSION innodb_strict_mode = 0"];
      const statements = [...before, ...tables.flatMap(({ sql }) => sql), ...rules.flatMap(({ sql = [] }) => sql)];
      await source.load({ text: `${statements.join(";\n")};\n` });
      project = await makeProject();
    });
    afterAll(async () => {
      await project?.remove();
      await source?.stop();
    });

    test("are masked like all others: no raw value is in the dump, and what is computed follows", async () => {
      project.configure(definition(tables.flatMap((table) => table.rules)));
      await project.must("reseed");
      const dump = await dumpOf(source, project);
      expect(dump).toContain("CREATE TABLE");
      expect(around(dump)).toEqual([]);
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      const computed = await rowsOf(copy.connection_string, "SELECT low, lower(email) FROM computed");
      expect(computed).toHaveLength(2);
      for (const [low, email] of computed) expect(low).toBe(email as string);
    });

    test("count on from the greatest key where a range ends with the type", async () => {
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      await rowsOf(copy.connection_string, "INSERT INTO counted (email) VALUES ('next')");
      expect(await rowsOf(copy.connection_string, "SELECT email FROM counted ORDER BY id DESC LIMIT 1")).toEqual([
        ["next"],
      ]);
    });

    testWhere(engine !== "postgres")("hold the bits of the number that redacts them", async () => {
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      const bits = "SELECT DISTINCT bits + 0, some + 0 FROM counted WHERE email <> 'next'";
      expect(await rowsOf(copy.connection_string, bits)).toEqual([["261", "1"]]);
    });

    testWhere(engine === "postgres")("join with their partitions", async () => {
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      const joined = "SELECT count(*) FROM holders JOIN visits USING (email) JOIN visitors USING (email)";
      expect(await rowsOf(copy.connection_string, joined)).toEqual([["2"]]);
    });

    test("that no rule can change are named, each with what is wrong and what to do", async () => {
      for (const { rule, says } of rules) {
        project.configure(definition([rule]));
        const { status, stderr } = await project.run("reseed", ["--check"]);
        expect({ rule, status, stderr }).toEqual({ rule, status: 2, stderr: expect.stringMatching(says) });
        expect(stderr).not.toContain(RAW);
      }
    });
  });
}

/** The portable dump as text; labels of types are no values. */
async function dumpOf({ engine, containerName }: Source, project: Project): Promise<string> {
  const [file = ""] = project.files().filter((path) => path.endsWith(".dump"));
  const bytes = readFileSync(join(project.home, file));
  if (engine !== "postgres") return withoutLabels(gunzipSync(bytes).toString("latin1"));
  await must(["docker", "cp", join(project.home, file), `${containerName}:/tmp/odd.dump`]);
  return withoutLabels(await must(["docker", "exec", containerName, "pg_restore", "-f", "-", "/tmp/odd.dump"]));
}

function withoutLabels(dump: string): string {
  return dump.replaceAll(`${RAW}label`, "");
}

/** What stands before each raw value, to tell where it is. */
function around(dump: string): string[] {
  return [...dump.matchAll(new RegExp(RAW, "g"))].map(({ index }) => dump.slice(Math.max(0, index - 300), index + 20));
}
