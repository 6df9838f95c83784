import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import { type Destructive, destroying, type Hazard, type Statement } from "../change.ts";
import { type Cost, dearest, type Part, RANK } from "./part.ts";

/** An ALTER TABLE that is to be written. */
interface Alter {
  table: string;
  parts: Part[];
  online: boolean;
}

/** Which of several destructions names the statement that holds them all. */
const GRAVEST: Destructive[] = [
  "recreate-table",
  "drop-other",
  "recreate-column",
  "drop-column",
  "drop-constraint",
  "drop-index",
  "narrow-type",
];

/** The statements that end all parts: one ALTER TABLE, and beside it only what must be possible to leave out. */
export function alterStatements(
  table: string,
  parts: Part[],
  { online, innodb }: { online: boolean; innodb: boolean },
): Statement[] {
  const loose = parts.filter(
    ({ destructive, bound, alone }) => destructive !== undefined && !bound && alone === undefined,
  );
  const main = parts.filter((part) => !loose.includes(part) && part.alone === undefined);
  const alone = parts.filter((part) => part.alone !== undefined);
  const kind = (wanted: Destructive) => loose.filter(({ destructive }) => destructive === wanted);
  const alter = (some: Part[]) => alterStatement({ table, parts: some, online: online && innodb });
  // What belongs to a part waits for consent with the statement that the part stands in.
  const waiting = main.some(({ destructive }) => destructive === "narrow-type") ? kindsIn(main) : [];
  const whole = (part: Part, sql: string): Statement => ({
    sql,
    hazards: [...(/^UPDATE/.test(sql) ? [fires(table)] : costHazards(table, "copy")), COMMITS],
    ...destroying(loose.includes(part) ? kindsIn([part]) : waiting),
    transactional: false,
    change: part.change.id,
  });
  return [
    ...parts.flatMap((part) => (part.before ?? []).map((sql) => whole(part, sql))),
    ...alter(kind("drop-constraint")),
    ...alter(kind("drop-index")),
    ...(online && innodb ? bySpeed(main) : [main]).flatMap(oneFulltextEach).flatMap(alter),
    ...alone.flatMap((part) => alter([part])),
    ...alter(kind("narrow-type")),
    ...[...main, ...kind("narrow-type")].flatMap((part) =>
      (part.after ?? []).map((sql) => ({
        ...whole(part, sql),
        hazards: /^UPDATE/.test(sql) ? [fires(table)] : [COMMITS],
      })),
    ),
    ...alter(kind("drop-column")),
  ];
}

/** The gravest of them stands for all but values that are cut, which are none of its. */
function kindsIn(parts: Part[]): Destructive[] {
  const gravest = GRAVEST.find((kind) => parts.some((part) => part.destructive === kind)) ?? parts[0]?.destructive;
  const narrows = parts.some(({ destructive }) => destructive === "narrow-type");
  return [...(gravest === undefined ? [] : [gravest]), ...(narrows ? (["narrow-type"] as const) : [])];
}

function fires(table: string): Hazard {
  return { name: "locks", detail: `every row of ${table} is updated and locked, and its UPDATE triggers fire` };
}

/** InnoDB makes one FULLTEXT index at a time. */
function oneFulltextEach(parts: Part[]): Part[][] {
  const texts = parts.filter(({ clauses }) => clauses.some(({ sql }) => sql.startsWith("ADD FULLTEXT")));
  const [, ...more] = texts;
  return [parts.filter((part) => !more.includes(part)), ...more.map((part) => [part])];
}

/** What is done in no time goes first and alone, for the server does it so only when it is asked for nothing else. */
function bySpeed(parts: Part[]): Part[][] {
  if (parts.some(({ cost, tail }) => cost === "copy" || tail !== undefined)) return [parts];
  // New columns are texts of the table's character set, which changes with them.
  const recoded = parts.some(({ clauses }) => clauses.some(({ sql }) => sql.startsWith("DEFAULT CHARACTER SET")));
  const quick = (rank: number, virtual: boolean) =>
    parts.filter(
      ({ change, cost, clauses, bound }) =>
        cost === "instant" &&
        !recoded &&
        // What names a renamed column changes with it.
        !/^(rename|rebuild)$/.test(change.action) &&
        !bound &&
        clauses.every((clause) => clause.rank === rank && / VIRTUAL/.test(clause.sql) === virtual),
    );
  const groups = [quick(RANK.add, false), quick(RANK.add, true), quick(RANK.modify, false)];
  const rest = parts.filter((part) => !groups.some((group) => group.includes(part)));
  // Mixed with others nothing is instant.
  return [
    ...groups,
    rest.map((part) => (part.cost === "instant" && rest.length > 1 ? { ...part, cost: "inplace" as const } : part)),
  ];
}

function alterStatement({ table, parts, online }: Alter): Statement[] {
  const clauses = parts
    .flatMap((part) => part.clauses)
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ sql }) => sql);
  const tail = parts.find((part) => part.tail !== undefined)?.tail;
  const alone = parts.find((part) => part.alone !== undefined)?.alone;
  const [first] = parts;
  if (first === undefined || (clauses.length === 0 && tail === undefined && alone === undefined)) return [];
  const cost = dearest(parts.map((part) => part.cost));
  const how = online && tail === undefined && alone === undefined ? algorithm(cost) : [];
  const all = alone === undefined ? [...clauses, ...how] : [alone];
  const lines = [all.join(",\n  "), tail].filter(Boolean).join("\n  ");
  return [
    {
      sql: `ALTER TABLE ${quoteIdentifier(table)}${all.length > 1 ? "\n  " : " "}${lines}`,
      hazards: [...parts.flatMap(({ hazards }) => hazards), ...costHazards(table, cost), COMMITS],
      ...destroying(kindsIn(parts)),
      transactional: false,
      change: first.change.id,
    },
  ];
}

/** Every statement of MySQL's that changes a schema is its own transaction. */
export const COMMITS: Hazard = {
  name: "no-transaction",
  detail: "each statement commits by itself, and what was done before one fails stays done",
};

/** The server refuses rather than doing it another way. */
function algorithm(cost: Cost): string[] {
  if (cost === "instant") return ["ALGORITHM=INSTANT"];
  if (cost === "copy") return [];
  return ["ALGORITHM=INPLACE", cost === "shared" ? "LOCK=SHARED" : "LOCK=NONE"];
}

function costHazards(table: string, cost: Cost): Hazard[] {
  switch (cost) {
    case "copy":
      return [
        { name: "rewrites-table", detail: `all rows of ${table} are copied` },
        {
          name: "blocks-writes",
          detail: `writes to ${table} wait as long as the copy takes: only ALGORITHM=COPY does this`,
        },
      ];
    case "rebuild":
      return [{ name: "rewrites-table", detail: `all rows of ${table} are written anew, in place: others go on` }];
    case "shared":
      return [{ name: "blocks-writes", detail: `writes to ${table} wait until the index is built` }];
    default:
      return [];
  }
}
