import { expect, test } from "bun:test";
import { readSeen } from "../../../lib/engine/postgres/seen.ts";

const MARK = "ditto-0123";

/** A line of the server's log at so many milliseconds, in a session and a transaction of it. */
const line = (at: number, text: string, { session = "a", transaction = "1/0" } = {}) =>
  `${MARK} ${((1_000_000 + at) / 1000).toFixed(3)} ${session} [${transaction}] 00000 LOG:  ${text}`;

/** What an event trigger writes, in pieces of `size`. */
function event(at: number, event: object, { size = 40, transaction = "1/9" } = {}): string[] {
  const text = Buffer.from(
    JSON.stringify({ stack: "", sent: "s", tag: "ALTER TABLE", locks: null, at: 1_000_000 + at, ...event }),
  ).toString("base64");
  const pieces = text.match(new RegExp(`.{1,${size}}`, "g")) ?? [];
  return pieces.map((piece, at_) =>
    line(at, `${MARK} ${at_ < pieces.length - 1 ? "more" : "last"} ${piece}`, { transaction }),
  );
}

const LOCK = [[20_000, "public", "t", "r", "AccessExclusiveLock"]];
const alter = (from: number, to: number, more = {}) => [
  ...event(from, { event: "ddl_command_start", query: "ALTER TABLE t ADD x int", ...more }),
  ...event(to, { event: "ddl_command_end", locks: LOCK, ...more }),
];
const read = (lines: string[]) => readSeen(lines.join("\n"), MARK);

test("a lock is held until the transaction's COMMIT, or what fails in it, or its client goes", () => {
  const begin = line(1, "duration: 0.1 ms  statement: BEGIN", { transaction: "1/9" });
  const ends: [string[], number][] = [
    [[line(500, "duration: 1.0 ms  statement: COMMIT")], 490],
    [[line(500, "duration: 1.0 ms  execute <unnamed>: COMMIT")], 490],
    [
      [
        line(300, "x", { transaction: "1/9" }).replace("LOG: ", "ERROR: "),
        line(500, "duration: 1.0 ms  statement: ROLLBACK"),
      ],
      290,
    ],
    [[line(700, "disconnection: session time: 0:00:00.700")], 690],
  ];
  for (const [end, held] of ends) {
    const { statements } = read([begin, ...alter(10, 12), ...end]);
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatchObject({
      ms: 2,
      heldMs: held,
      lock: { mode: "ACCESS EXCLUSIVE", relations: ["public.t"] },
    });
  }
});

test("outside of a transaction a lock goes with its statement, however long the client stays", () => {
  const simple = [
    ...alter(10, 12),
    line(13, "duration: 3.5 ms  statement: ALTER TABLE t ADD x int"),
    line(900, "disconnection: …"),
  ];
  expect(read(simple).statements[0]?.heldMs).toBe(3);
  const extended = [
    ...alter(10, 12),
    line(13, "duration: 2.5 ms  execute a: ALTER TABLE t ADD x int", { transaction: "1/9" }),
    line(900, "disconnection: …"),
  ];
  expect(read(extended).statements[0]?.heldMs).toBe(3);
});

test("sessions that are mixed in the log are told apart, and ditto's own are left out", () => {
  const own = line(5, "connection authorized: user=ditto application_name=ditto", { session: "b" });
  const lock = line(40, "duration: 20 ms  statement: LOCK TABLE t", { session: "b" });
  const other = line(6, "connection authorized: user=ditto application_name=psql");
  const mixed = alter(10, 12).flatMap((one, at) => (at === 3 ? [one, own, lock] : [one]));
  const seen = read([other, ...mixed]);
  expect(seen.statements.map(({ sql }) => sql)).toEqual(["ALTER TABLE t ADD x int"]);
  expect(seen.logins).toBe(1);
});

test("rows are not repeated: changes of them are summed up without their values", () => {
  const insert = (at: number) =>
    line(at, `duration: 60 ms  statement: INSERT INTO people VALUES (${at}, 'Ada O''Hara'), (2, 'x')`);
  const { statements } = read([insert(100), insert(200), line(300, "duration: 900 ms  statement: SELECT 'secret'")]);
  expect(statements).toHaveLength(1);
  expect(statements[0]).toMatchObject({ sql: "INSERT INTO people VALUES (?, …), …", times: 2, ms: 120 });
});

test("what is written on several lines, or cut off, is no reason to fail", () => {
  const text = "duration: 5 ms  statement: LOCK TABLE t\n\tIN SHARE MODE";
  expect(read([line(10, text)]).statements[0]?.lock).toEqual({ mode: "SHARE", relations: ["t"], known: "kind" });
  expect(read(["noise", ...alter(10, 12).slice(0, 2), "more noise"])).toMatchObject({ statements: [], logins: 0 });
  expect(read([""]).statements).toEqual([]);
  expect(read([line(1, `${MARK} lost 42P01`)]).limits).toBeDefined();
});
