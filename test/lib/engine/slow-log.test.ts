import { expect, test } from "bun:test";
import { readSeen } from "../../../lib/engine/mysql/seen.ts";

const MYSQL = `/usr/sbin/mysqld, Version: 9.7.4 (MySQL Community Server - GPL). started with:
Tcp port: 3306  Unix socket: /ditto/run/mysqld.sock
Time                 Id Command    Argument
# Time: 2026-11-21T19:03:00.518604Z
# User@Host: ditto[ditto] @ localhost [127.0.0.1]  Id:    12
# Query_time: 0.005600  Lock_time: 0.000003 Rows_sent: 0  Rows_examined: 0 Thread_id: 12 Errno: 0 Killed: 0 Start: 2026-11-21T19:03:00.513004Z End: 2026-11-21T19:03:00.518604Z
use app;
SET timestamp=1795287780;
alter table items
  add a int;
# Time: 2026-11-21T19:03:00.600000Z
# User@Host: ditto[ditto] @ localhost [127.0.0.1]  Id:    12
# Query_time: 0.160000  Lock_time: 0.000003 Rows_sent: 0  Rows_examined: 1 Thread_id: 12 Errno: 0 Killed: 0 Start: 2026-11-21T19:03:00.540000Z End: 2026-11-21T19:03:00.600000Z
SET timestamp=1795287780;
insert into items values (1, 'Ada', "O\\"Hara");
# Time: 2026-11-21T19:03:00.700000Z
# User@Host: ditto[ditto] @ localhost [127.0.0.1]  Id:    12
# Query_time: 0.160000  Lock_time: 0.000003 Rows_sent: 0  Rows_examined: 1 Thread_id: 12 Errno: 0 Killed: 0 Start: 2026-11-21T19:03:00.640000Z End: 2026-11-21T19:03:00.700000Z
SET timestamp=1795287780;
insert into items values (2, 'Ben', "x"), (3, 'Eve', "y");
# Time: 2026-11-21T19:03:00.800000Z
# User@Host: ditto[ditto] @ localhost [127.0.0.1]  Id:    12
# Query_time: 0.000200  Lock_time: 0.000003 Rows_sent: 0  Rows_examined: 0 Thread_id: 12 Errno: 1146 Killed: 0 Start: 2026-11-21T19:03:00.799800Z End: 2026-11-21T19:03:00.800000Z
SET timestamp=1795287780;
/* why; */ -- it is
drop table \`no;pe\`;
# Time: 2026-11-21T19:03:00.900000Z
# User@Host: ditto[ditto] @ localhost [127.0.0.1]  Id:    12
# Query_time: 0.000001  Lock_time: 0.000000 Rows_sent: 0  Rows_examined: 0 Thread_id: 12 Errno: 0 Killed: 0 Start: 2026-11-21T19:03:00.900000Z End: 2026-11-21T19:03:00.900001Z
SET timestamp=1795287780;
# administrator command: Quit;
`;

const MARIADB = `mariadbd, Version: 11.8.3-MariaDB-ubu2404 (mariadb.org binary distribution). started with:
Tcp port: 3306  Unix socket: /ditto/run/mysqld.sock
Time		    Id Command	Argument
# Time: 261121 19:16:35
# User@Host: ditto[ditto] @  [127.0.0.1]
# Thread_id: 12  Schema: app  QC_hit: No
# Query_time: 0.005600  Lock_time: 0.000103  Rows_sent: 0  Rows_examined: 0
# Rows_affected: 0  Bytes_sent: 0
use app;
SET timestamp=1795288595;
ALTER TABLE items ADD a int;
# User@Host: ditto[ditto] @  [127.0.0.1]
# Thread_id: 12  Schema: app  QC_hit: No
# Query_time: 0.001000  Lock_time: 0.000103  Rows_sent: 0  Rows_examined: 0
# Rows_affected: 0  Bytes_sent: 0
SET timestamp=1795288595;
LOCK TABLES items WRITE;
`;

test("MySQL's log of slow statements is told with what failed, and without values", () => {
  const { statements, limits } = readSeen(MYSQL);
  expect(statements).toMatchObject([
    {
      sql: "alter table items\n  add a int",
      ms: 5.6,
      failed: false,
      lock: { mode: "EXCLUSIVE", relations: ["items"] },
    },
    { sql: "insert into items values (?, …)", ms: 160, lock: { mode: "SHARED WRITE" } },
    { sql: "insert into items values (?, …), …", ms: 160 },
    { sql: "drop table `no;pe`", failed: true },
  ]);
  expect(statements[0]?.startedAt).toBe(Date.parse("2026-11-21T19:03:00.513Z"));
  expect(statements.at(-1)?.lock).toBeUndefined();
  expect(JSON.stringify(statements)).not.toMatch(/Ada|Hara|Eve/);
  expect(limits).toContain("metadata locks");
});

test("MariaDB's too", () => {
  expect(readSeen(MARIADB).statements).toMatchObject([
    { sql: "ALTER TABLE items ADD a int", ms: 5.6, lock: { mode: "EXCLUSIVE", known: "kind" } },
    { sql: "LOCK TABLES items WRITE", lock: { mode: "SHARED NO READ WRITE" } },
  ]);
});

test("a log that is empty or cut off is none", () => {
  expect(readSeen("").statements).toEqual([]);
  expect(readSeen(MYSQL.slice(0, 300)).statements).toEqual([]);
});
