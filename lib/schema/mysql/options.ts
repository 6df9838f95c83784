import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Hazard } from "../change.ts";
import type { NotCompared } from "../model-objects.ts";
import type { TablePair } from "./pair.ts";
import { type Clause, type Cost, changeOf, dearest, fromTo, type Part, RANK } from "./part.ts";

/** What an option is set to so that it isn't printed any more. */
const UNSET: Record<string, string> = {
  COMMENT: "''",
  ROW_FORMAT: "DEFAULT",
  KEY_BLOCK_SIZE: "0",
  STATS_PERSISTENT: "DEFAULT",
  STATS_AUTO_RECALC: "DEFAULT",
  STATS_SAMPLE_PAGES: "DEFAULT",
  PACK_KEYS: "DEFAULT",
  CHECKSUM: "0",
  PAGE_CHECKSUM: "DEFAULT",
  DELAY_KEY_WRITE: "0",
  MIN_ROWS: "0",
  MAX_ROWS: "0",
  AVG_ROW_LENGTH: "0",
  COMPRESSION: "''",
  ENCRYPTION: "'N'",
  INSERT_METHOD: "NO",
  TRANSACTIONAL: "DEFAULT",
  CONNECTION: "''",
  AUTOEXTEND_SIZE: "0",
  ENGINE_ATTRIBUTE: "''",
  SECONDARY_ENGINE_ATTRIBUTE: "''",
  UNION: "()",
};

/** What costs nothing but a word in the dictionary. */
const LIGHT = /^(COMMENT|STATS_\w+|MIN_ROWS|MAX_ROWS|AVG_ROW_LENGTH|DELAY_KEY_WRITE|AUTOEXTEND_SIZE)$/;

/** The tablespace of a table that names none. */
const OWN_FILE = "`innodb_file_per_table`";

/** Compared elsewhere, or by the model. */
const ELSEWHERE = /^(CHARSET|COLLATE|AUTO_INCREMENT|TABLESPACE)$/;

/** Where an ALTER TABLE doesn't reach. */
const FIXED = /^(DATA DIRECTORY|INDEX DIRECTORY|STORAGE|START)$/;

/** The table's own settings: engine, collation, format, comment. */
export function optionPart(pair: TablePair): Part | undefined {
  const { a, b } = pair;
  const words: string[] = [];
  const clauses: Clause[] = [];
  const costs: Cost[] = [];
  const leaving: string[] = [];
  const left: string[] = [];
  const set = (sql: string, cost: Cost) => {
    clauses.push({ rank: RANK.option, sql });
    costs.push(cost);
  };
  for (const name of new Set([...a.options.keys(), ...b.options.keys()])) {
    const [before, after] = [a.options.get(name), b.options.get(name)];
    if (before === after || ELSEWHERE.test(name) || FIXED.test(name)) continue;
    words.push(fromTo(name.toLowerCase().replaceAll("`", ""), before, after));
    const moves = after === undefined && a.options.get("ENGINE") !== b.options.get("ENGINE");
    // Another engine doesn't know what the old one calls so, not even to take it away; Aria puts this one back at once.
    const list = name === "PAGE_CHECKSUM" ? left : /^`|^TRANSACTIONAL$/.test(name) ? leaving : undefined;
    if (moves && list !== undefined) {
      list.push(`ALTER TABLE ${quoteIdentifier(pair.name)} ${name}=DEFAULT`);
      continue;
    }
    set(
      `${name}=${after ?? UNSET[name] ?? "DEFAULT"}`,
      LIGHT.test(name) ? "inplace" : name === "ENGINE" ? "copy" : "rebuild",
    );
  }
  if (pair.tableCollation.a !== pair.tableCollation.b) {
    const { a: before, b: after } = pair.tableCollation;
    words.push(fromTo("collation of new columns", before, after));
    set(`DEFAULT CHARACTER SET ${after.split("_")[0]} COLLATE ${after}`, "inplace");
  }
  const [home, goal] = [a, b].map(({ options }) => options.get("TABLESPACE") ?? OWN_FILE);
  if (home !== goal) {
    words.push(fromTo("tablespace", home, goal));
    set(`TABLESPACE ${goal}`, "rebuild");
  }
  const counter = counterClause(pair);
  if (counter !== undefined) {
    words.push(counter.words);
    set(counter.sql, "inplace");
  }
  if (clauses.length === 0) return undefined;
  const cost = pair.innodb || costs.every((one) => one === "inplace") ? dearest(costs) : "copy";
  if (/^blackhole$/i.test(b.options.get("ENGINE") ?? "") && a.options.get("ENGINE") !== b.options.get("ENGINE")) {
    const change = changeOf("table", pair.name, "alter", words);
    const lost: Hazard = { name: "deletes-data", detail: `all rows of ${pair.name}` };
    return {
      change,
      clauses,
      cost,
      hazards: [lost],
      destructive: "recreate-table",
      bound: true,
      before: leaving,
      after: left,
    };
  }
  return {
    change: changeOf("table", pair.name, "alter", words),
    clauses,
    cost,
    hazards: [],
    before: leaving,
    after: left,
  };
}

/** The counter is a setting only where somebody set it: above a table without rows. */
function counterClause({ a, b, countersSet }: TablePair): { sql: string; words: string } | undefined {
  const before = Number(a.options.get("AUTO_INCREMENT") ?? 1);
  const after = Number(b.options.get("AUTO_INCREMENT") ?? 1);
  if (!b.columns.some(({ autoIncrement }) => autoIncrement)) return undefined;
  const raised = countersSet.b && after > before;
  const lowered = countersSet.a && countersSet.b && after < before;
  if (!raised && !lowered) return undefined;
  return { sql: `AUTO_INCREMENT=${after}`, words: `next value: ${before} → ${after}` };
}

/** Settings that differ and that no statement changes. */
export function fixedOptions({ a, b, name }: TablePair): NotCompared[] {
  return [...new Set([...a.options.keys(), ...b.options.keys()])]
    .filter((option) => FIXED.test(option) && a.options.get(option) !== b.options.get(option))
    .map((option) => ({
      what: `${option.toLowerCase()} of table ${name}`,
      why: `it is ${a.options.get(option) ?? "not set"} in A and ${b.options.get(option) ?? "not set"} in B, and ALTER TABLE doesn't move files`,
    }));
}

/** MariaDB's versioning, and its periods of application time. */
export function periodParts(pair: TablePair): Part[] {
  const parts: Part[] = [];
  const { a, b } = pair;
  for (const [name, text] of b.periods) {
    if (a.periods.get(name) === text) continue;
    const clauses = [{ rank: RANK.period as number, sql: `ADD ${text}` }];
    if (a.periods.has(name)) clauses.unshift({ rank: RANK.dropCheck, sql: dropPeriod(name) });
    parts.push(
      quiet(
        changeOf("table", `${pair.name} (period ${name})`, "alter", [fromTo("period", a.periods.get(name), text)]),
        clauses,
      ),
    );
  }
  for (const [name, text] of a.periods) {
    if (b.periods.has(name)) continue;
    const clauses = [{ rank: RANK.dropCheck, sql: dropPeriod(name) }];
    parts.push(
      quiet(changeOf("table", `${pair.name} (period ${name})`, "alter", [fromTo("period", text, "")]), clauses),
    );
  }
  if (a.systemVersioned === b.systemVersioned) return parts;
  const word = b.systemVersioned ? "ADD" : "DROP";
  const change = changeOf("table", `${pair.name} (history)`, "alter", [
    b.systemVersioned ? "keeps no history → system versioned" : "system versioned → keeps no history",
  ]);
  const part = quiet(change, [{ rank: RANK.versioning, sql: `${word} SYSTEM VERSIONING` }]);
  const apart = b.columns.some(({ extras }) => extras.includes("WITHOUT SYSTEM VERSIONING"));
  // Columns can be left out of a history only when there is one.
  if (b.systemVersioned && apart)
    return [
      ...parts,
      { ...part, clauses: [], before: [`ALTER TABLE ${quoteIdentifier(pair.name)} ADD SYSTEM VERSIONING`] },
    ];
  if (b.systemVersioned) return [...parts, part];
  return [
    ...parts,
    {
      ...part,
      hazards: [{ name: "deletes-data", detail: `the history of ${pair.name}` }],
      destructive: "drop-other",
      bound: true,
    },
  ];
}

function dropPeriod(name: string): string {
  return `DROP PERIOD FOR ${name === "SYSTEM_TIME" ? name : quoteIdentifier(name)}`;
}

function quiet(change: Part["change"], clauses: Clause[]): Part {
  return { change, clauses, cost: "copy", hazards: [] };
}
