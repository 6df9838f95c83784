import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { serversToTry, soak } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

/** Stands in a column without a rule, beside what makes the row fail. */
const MARKER = "Qm7vXk2RtYp9LwZa";
const RAW = "Hn4cWs8DfGj3BvTe";

interface Case {
  title: string;
  /** Columns of the table besides `id`, `mail` and `note`. */
  columns: string;
  says: RegExp;
  /** 1 unless said otherwise. */
  status?: number;
}

/** Seen before a row is read; a condition on another column besides only when the row comes. */
const FORESEEN: Case = {
  title: "foreseen",
  columns: "CONSTRAINT home CHECK (mail LIKE '%corp.io')",
  says: /breaks the constraint home/,
  status: 2,
};
const CHECK: Case = {
  title: "check",
  columns: "CONSTRAINT house CHECK (mail LIKE '%corp.io' OR id < 0)",
  says: /breaks a CHECK constraint|took 0/,
};
const KEY: Case = {
  title: "key",
  columns:
    "part varchar(80) GENERATED ALWAYS AS (CASE WHEN mail LIKE '%example.com' THEN '' ELSE mail END) STORED UNIQUE",
  says: /23505|took 1/,
};
const LENGTH: Case = {
  title: "length",
  columns: "part varchar(28) GENERATED ALWAYS AS (mail) STORED",
  says: /22001/,
};
/** MySQL and MariaDB load rows whatever they think of them, and cut what they compute of them. */
const CUT: Case = { ...LENGTH, title: "cut", says: /is ready/, status: 0 };

const POSTGRES: Case[] = [
  CHECK,
  FORESEEN,
  { title: "cast", columns: "part int GENERATED ALWAYS AS (substr(mail, 1, 1)::int) STORED", says: /22P02/ },
  KEY,
  LENGTH,
  {
    title: "absence",
    columns: "part text GENERATED ALWAYS AS (substring(mail from 'corp')) STORED NOT NULL",
    says: /23502/,
  },
];
const MYSQL: Case[] = [
  CHECK,
  FORESEEN,
  {
    title: "cast",
    columns: "part json GENERATED ALWAYS AS (cast(left(mail, 1) AS json)) STORED",
    says: /Cannot load the rows/,
  },
  KEY,
  CUT,
];

const SERVERS = [
  { engine: "postgres", version: "17", cases: POSTGRES },
  { engine: "mysql", version: "9.7", cases: MYSQL },
  { engine: "mariadb", version: "11.8", cases: MYSQL.filter(({ title }) => title !== "cast") },
] as const;

const { docker, images } = readProvisioned();

for (const { engine, version, cases } of serversToTry(SERVERS, "postgres")) {
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`Rows that fail in the base, ${engine}${missing ? ` (${missing})` : ""}`, () => {
    const undo: (() => Promise<unknown>)[] = [];
    afterAll(async () => {
      for (const step of undo.reverse()) await step();
    });

    test("are quoted nowhere", async () => {
      const source = await startSource({ engine, version, name: "errors" });
      undo.push(source.stop);
      for (const { title, columns } of cases) await makeTable(source, `${title}_table`, columns);
      const project = await makeProject();
      undo.push(project.remove);
      for (const [at, { title, says, status: expected = 1 }] of (soak ? cases : cases.slice(0, 3)).entries()) {
        project.configure({
          source: { url: source.url },
          copy: { image },
          dump: { tables: [`${title}_table`] },
          obfuscation: {
            unreviewed: "allow",
            rules: [{ table: `${title}_table`, column: "mail", strategy: "replace", type: "email" }],
          },
        });
        const { status, stdout, stderr } = await project.run(
          "reseed",
          at % 2 === 0 || expected === 0 ? ["--verbose"] : ["--json", "--verbose"],
        );
        expect({ title, status, said: stdout + stderr }).toEqual({
          title,
          status: expected,
          said: expect.stringMatching(says),
        });
        expect({ title, quoted: quoting(stdout + stderr) }).toEqual({ title, quoted: [] });
        expect({ title, files: filesQuoting(project) }).toEqual({ title, files: [] });
        expect({ title, logs: quoting(await logsOf(project)) }).toEqual({ title, logs: [] });
      }
    });
  });
}

async function makeTable(source: Source, name: string, columns: string): Promise<void> {
  await source.sql(`CREATE TABLE ${name} (id int PRIMARY KEY, mail varchar(80), note varchar(80), ${columns})`);
  const rows = [0, 1, 2].map((at) => `(${at}, '${at + 1}${at}${RAW}${at}@corp.io', '${MARKER}${at}')`);
  await source.sql(`INSERT INTO ${name} (id, mail, note) VALUES ${rows.join(", ")}`);
}

/** What of the rows a text quotes; a pseudonym is an address at example.com, too. */
function quoting(text: string): string[] {
  return [MARKER, RAW, "@example.com", "@corp.io"].filter((value) => text.includes(value));
}

/** The configuration and the schema have none either. */
function filesQuoting(project: Project): string[] {
  return project.files().filter((file) => {
    const path = join(project.home, file);
    try {
      return quoting(readFileSync(path, "latin1")).length > 0;
    } catch {
      return false;
    }
  });
}

async function logsOf(project: Project): Promise<string> {
  const containers = (await project.traces()).flatMap((trace) =>
    trace.startsWith("container ") ? [trace.slice(10)] : [],
  );
  const logs = await Promise.all(containers.map((name) => attempt(["docker", "logs", name])));
  return logs.map(({ stdout, stderr }) => stdout + stderr).join("\n");
}
