import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { loadPeople, PEOPLE, RULES } from "./support/people.ts";
import { makeProject, type Project } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";

setDefaultTimeout(180_000);

const SERVERS = ["postgres:17", "mysql:9.7", "mariadb:11.8"] as const satisfies ServerImage[];
const { docker, images } = readProvisioned();
const missing = !docker.available ? docker.reason : SERVERS.find((server) => images[server] === undefined);

/** 32 bytes that are nobody's. */
const KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

interface Copied {
  people: (string | null)[][];
  joined: (string | null)[][];
}

describe.skipIf(missing !== undefined)(`One rule file${missing ? ` (${missing})` : ""}`, () => {
  const sources: Source[] = [];
  const projects: Project[] = [];
  const copied = new Map<string, Copied>();

  beforeAll(async () => {
    for (const server of SERVERS) {
      const [engine, version] = server.split(":") as ["postgres" | "mysql" | "mariadb", string];
      const source = await startSource({ engine, version, name: "mask" });
      sources.push(source);
      await loadPeople(source);
      const project = await makeProject({
        source: { url: source.url },
        copy: { image: images[server] },
        obfuscation: { key_secret: "env:MASK_KEY", rules: RULES },
      });
      projects.push(project);
      await project.must("reseed", [], { env: { MASK_KEY: KEY } });
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      copied.set(server, {
        people: await rowsOf(copy.connection_string, "SELECT * FROM people ORDER BY id"),
        joined: await rowsOf(
          copy.connection_string,
          "SELECT o.id, p.id FROM orders o JOIN people p ON p.email = o.customer_email ORDER BY 1",
        ),
      });
    }
  });
  afterAll(async () => {
    for (const project of projects) await project.remove();
    for (const source of sources) await source.stop();
  });

  test("gives the same pseudonyms in Postgres, MySQL and MariaDB", () => {
    // Postgres leaves out a fraction's noughts.
    const plain = (rows: (string | null)[][] = []) =>
      rows.map((row) => row.map((value) => value?.replace(/(:\d\d)\.0+$/, "$1") ?? null));
    const [postgres, ...others] = SERVERS.map((server) => plain(copied.get(server)?.people));
    for (const other of others) expect(other).toEqual(postgres as NonNullable<typeof postgres>);
  });

  test("leaves NULL NULL, and no raw value where a rule is", () => {
    const people = copied.get("postgres:17")?.people ?? [];
    expect(people).toHaveLength(PEOPLE.length);
    for (const [at, masked] of people.entries()) {
      const raw = PEOPLE[at] as (string | number | null)[];
      const kept = raw[12] === "DE" ? [0, 11, 12] : [0, 12];
      for (const [column, value] of masked.entries()) {
        if (kept.includes(column)) expect(value).toBe(raw[column] === null ? null : String(raw[column]));
        else if (raw[column] === null || column === 10) expect(value).toBeNull();
        else if (column !== 13) expect(value).not.toBe(String(raw[column]));
      }
    }
  });

  test("keeps joins, what may be unique, and the order inside one entity", () => {
    const raw = [
      ["1", "1"],
      ["2", "2"],
      ["3", "3"],
      ["4", "1"],
    ];
    for (const { joined } of copied.values()) expect(joined).toEqual(raw);
  });
});
