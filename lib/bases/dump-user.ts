import type { EngineName, Session } from "../engine/index.ts";
import { mysqlDumpUser } from "./mysql/dump-user.ts";
import { postgresDumpUser } from "./postgres/dump-user.ts";

/** What a dump needs a user for, and what one is told that could do more. */
export interface DumpUser {
  /** What the session's user could change in its database, in words; "" when nothing. */
  couldChange(session: Session): Promise<string>;
  /** What an administrator runs to make a user who can do no more than dump this database; without semicolons. */
  statements(session: Session, user: { name: string; password: string }): Promise<string[]>;
}

/** One implementation per engine. */
export const dumpUsers = { postgres: postgresDumpUser, mysql: mysqlDumpUser } satisfies Record<EngineName, DumpUser>;

/** What the user is called. */
export const DUMP_USER = "ditto_dump";
