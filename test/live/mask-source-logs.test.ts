import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHmac } from "node:crypto";
import { openKey } from "../../lib/mask/key.ts";
import { attempt } from "../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { type Needle, searchBytes } from "./support/byte-search.ts";
import { serversToTry } from "./support/ground.ts";
import { makeProject } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

type EngineName = "postgres" | "mysql" | "mariadb";

const KEY = "5d41402abc4b2a76b9719d911017c592aa5d41402abc4b2a76b9719d911017c5";

/** How a source is made to write down everything, and what of it is a server's own file. */
interface Talkative {
  engine: EngineName;
  version: string;
  args: string[];
  /** Said when the rows are there, so that their own INSERTs stand nowhere. */
  settings: string;
  /** Makes each row slow. */
  slow: string;
  /** Texts of statements that the server keeps. */
  kept: string[];
  /** Ends the sessions of ditto in the middle. */
  end: string;
}

const logging = [
  ...["log_statement = 'all'", "log_min_duration_statement = 0", "log_duration = on", "log_min_messages = 'debug1'"],
  ...["log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1", "log_error_verbosity = 'verbose'"],
  ...[
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_analyze = on",
    "auto_explain.log_parameter_max_length = -1",
  ],
  ...["auto_explain.log_nested_statements = on", "pg_stat_statements.track = 'all'", "log_temp_files = 0"],
];

const mysqlKept = [
  "SELECT argument FROM mysql.general_log",
  "SELECT sql_text FROM mysql.slow_log",
  "SELECT sql_text FROM performance_schema.events_statements_history_long",
  "SELECT sql_text FROM performance_schema.events_statements_history",
  "SELECT digest_text FROM performance_schema.events_statements_summary_by_digest",
];
const mysqlSettings = `
  UPDATE performance_schema.setup_consumers SET enabled = 'YES'; TRUNCATE performance_schema.events_statements_history_long;
  TRUNCATE performance_schema.events_statements_history; TRUNCATE performance_schema.events_statements_summary_by_digest;
  SET GLOBAL log_output = 'TABLE,FILE'; SET GLOBAL general_log = 1; SET GLOBAL long_query_time = 0; SET GLOBAL slow_query_log = 1;`;
const mysqlEnd =
  "SELECT concat('KILL ', id) FROM information_schema.processlist WHERE id <> connection_id() AND info LIKE '%people%'";

const SOURCES: Talkative[] = [
  {
    engine: "postgres",
    version: "17",
    args: ["-c", "shared_preload_libraries=pg_stat_statements,auto_explain"],
    settings: `CREATE EXTENSION pg_stat_statements; ${logging.map((setting) => `ALTER SYSTEM SET ${setting};`).join("\n")}
      SELECT pg_reload_conf(); SELECT pg_stat_statements_reset();`,
    slow: "pg_catalog.pg_sleep(0.05) IS NOT NULL",
    kept: ["SELECT query FROM pg_stat_statements"],
    end: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (%people%'",
  },
  {
    engine: "mysql",
    version: "9.7",
    args: ["--performance-schema=ON"],
    settings: mysqlSettings,
    slow: "sleep(0.05) = 0",
    kept: mysqlKept,
    end: mysqlEnd,
  },
  {
    engine: "mariadb",
    version: "11.8",
    args: ["--performance-schema=ON"],
    settings: mysqlSettings,
    slow: "sleep(0.05) = 0",
    kept: mysqlKept,
    end: mysqlEnd,
  },
];

const ROWS = 100;
const RAW = Array.from({ length: ROWS }, (_, at) => `raw-${Bun.hash(`person ${at}`).toString(36)}@corp.io`);

/** Years that no clock writes down, each a row's own, so that none is another's when it was shifted. */
const BORN = RAW.map((_, at) => `${3000 + 10 * at}-0${1 + (at % 9)}-${10 + (at % 19)}`);

/** For the column some of whose values stay: they are no other column's. */
const backwards = (text: string) => Array.from(text).reverse().join("");

const RULES = [
  { table: "people", column: "email", strategy: "replace", type: "email" },
  { table: "people", column: "token", strategy: "hash" },
  { table: "people", column: "notes", strategy: "redact" },
  { table: "people", column: "nick", strategy: "mask", keep_last: 2 },
  { table: "people", column: "born_on", strategy: "shift", days: 30 },
  { table: "people", column: "extra", strategy: "replace", type: "username", where: "id > 5" },
];

const { docker, images } = readProvisioned();

for (const talkative of serversToTry(SOURCES, "mariadb")) {
  const { engine, version } = talkative;
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`A source that logs everything, ${engine}${missing ? ` (${missing})` : ""}`, () => {
    const undo: (() => Promise<unknown>)[] = [];
    afterAll(async () => {
      for (const step of undo.reverse()) await step();
    });

    test("learns neither the key, nor a pseudonym, nor writes down a value because of a dump, killed or not", async () => {
      const source = await startSource({ engine, version, name: "logs", args: talkative.args });
      undo.push(source.stop);
      const types =
        "id int PRIMARY KEY, email varchar(80) UNIQUE, token varchar(80), notes varchar(80), nick varchar(80), extra varchar(80), born_on date";
      const rows = RAW.map(
        (raw, id) =>
          `(${id}, ${[raw, raw, raw, raw, backwards(raw), BORN[id]].map((value) => `'${value}'`).join(", ")})`,
      );
      await source.load({ text: `CREATE TABLE people (${types}); INSERT INTO people VALUES ${rows.join(", ")};` });
      await source.load({ text: talkative.settings });
      const silent = (await logsOf(source, talkative)).length;
      const project = await makeProject();
      undo.push(project.remove);
      const configure = (rows: Record<string, string>) =>
        project.configure({
          source: { url: source.url },
          copy: { image },
          dump: { rows },
          obfuscation: { key_secret: "env:MASK_KEY", rules: RULES },
        });
      const env = { MASK_KEY: KEY };
      configure({});
      await project.must("reseed", [], { env });
      const { connection_string } = await project.json<{ connection_string: string }>("copy", ["create"]);
      const masked = (
        await rowsOf(connection_string, "SELECT email, token, extra, born_on FROM people WHERE id > 5")
      ).flat();

      configure({ people: talkative.slow });
      const started = async () => {
        const running = project.start("reseed", ["--verbose"], { env });
        await until(() => /Copy (the )?rows/.test(running.stderr()), 200_000);
        await Bun.sleep(1_000);
        return running;
      };
      const killed = await started();
      killed.kill("SIGKILL");
      await killed.done;
      const ended = await started();
      // Of MySQL the answer is the statement.
      const statement = (await source.sql(talkative.end)).split("\n")[0] ?? "";
      if (engine !== "postgres") await source.sql(statement);
      expect((await ended.done).status).toBe(1);
      await Bun.sleep(500);

      const needles = [
        ...secrets(),
        ...textNeedles("a pseudonym", masked as string[]),
        ...textNeedles("a raw value", [...RAW, ...RAW.map(backwards), ...BORN]),
      ];
      const logs = await logsOf(source, talkative);
      expect(logs.length).toBeGreaterThan(silent + 1_000);
      // Statements of ditto's are there at all.
      expect(logs).toContain("people");
      expect([...searchBytes(Buffer.from(logs), needles)]).toEqual([]);
      // Each needle is found where it is said.
      await source.sql(`SELECT id FROM people WHERE email = '${RAW[0]}' OR born_on = '${masked.at(-1)}'`);
      await Bun.sleep(500);
      const found = searchBytes(Buffer.from(await logsOf(source, talkative)), needles);
      expect([...found].sort()).toEqual(["a pseudonym", "a raw value"]);
    });
  });
}

/** The key, and the subkeys that are made of it, in the forms in which they could be written. */
function secrets(): Needle[] {
  const key = openKey(Buffer.from(KEY, "hex"));
  const secret = Buffer.from(KEY, "hex");
  const subkey = (purpose: string) => createHmac("sha256", secret).update(`ditto mask 1\0subkey\0${purpose}`).digest();
  const raw = [secret, ...["hash", "replace:email", "replace:email:case", "replace:username", "shift"].map(subkey)];
  return [
    ...textNeedles("the key", [KEY, KEY.slice(0, 16), key.fingerprint]),
    ...raw.flatMap((bytes) =>
      textNeedles("the key", [bytes.toString("hex").slice(0, 24), bytes.toString("base64").slice(0, 20)]),
    ),
    ...raw.map((bytes) => ({ name: "the key", bytes: bytes.subarray(0, 12) })),
  ];
}

function textNeedles(name: string, texts: string[]): Needle[] {
  return texts.map((text) => ({ name, bytes: Buffer.from(text) }));
}

/** What the server has said and written, and what it keeps of statements. */
async function logsOf(source: Source, { engine, kept }: Talkative): Promise<string> {
  const { stdout, stderr } = await attempt(["docker", "logs", source.containerName]);
  const tables = await Promise.all(kept.map((query) => source.sql(query)));
  const files =
    engine === "postgres"
      ? []
      : (await source.sql("SELECT @@general_log_file; SELECT @@slow_query_log_file; SELECT @@datadir")).split("\n");
  const [general = "", slow = "", folder = ""] = files;
  const paths =
    engine === "postgres" ? [] : [general, slow].map((file) => (file.startsWith("/") ? file : `${folder}${file}`));
  const written = await Promise.all(
    paths.map((path) => attempt(["docker", "exec", source.containerName, "cat", path])),
  );
  return [stdout, stderr, ...tables, ...written.map((file) => file.stdout)].join("\n");
}
