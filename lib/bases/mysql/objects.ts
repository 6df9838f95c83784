import type { Session } from "../../engine/index.ts";
import { isMariadb } from "../../engine/mysql/version.ts";
import { DittoError } from "../../kit/errors.ts";
import { type CatalogQuery, catalog } from "../../schema/mysql/catalog.ts";
import type { SourceBuild } from "../build.ts";
import type { Chosen } from "../selection.ts";
import { withWorkshopSession } from "./admin.ts";

interface Named {
  kind: string;
  name: string;
  table: string | null;
}

/** What a dump tool leaves out without a word when the user may not see it; tables and views are compared elsewhere. */
const QUERIES: CatalogQuery[] = [
  {
    fields: { kind: "LOWER(ROUTINE_TYPE)", name: "ROUTINE_NAME", table: "NULL" },
    from: "FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()",
  },
  {
    fields: { kind: "'trigger'", name: "TRIGGER_NAME", table: "EVENT_OBJECT_TABLE" },
    from: "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
  },
  {
    fields: { kind: "'event'", name: "EVENT_NAME", table: "NULL" },
    from: "FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()",
  },
];

/** Routines, triggers and events of the session's database. */
export async function readObjects(session: Session): Promise<Named[]> {
  const lists: Named[][] = [];
  for (const query of QUERIES) lists.push(await catalog<Named>(session, query));
  return lists.flat();
}

/** Checks that the base has every routine, trigger and event of the source. Throws `VERIFY_FAILED` with the names. */
export async function compareObjects(build: SourceBuild, chosen: Chosen): Promise<void> {
  const left = new Set(chosen.left.map(({ name }) => name));
  const label = ({ kind, name }: Named) => `${kind} "${name}"`;
  const held = new Set((await withWorkshopSession(build, readObjects)).map(label));
  const wanted = (await readObjects(build.session)).filter(({ table }) => table === null || !left.has(table));
  const missing = wanted.map(label).filter((name) => !held.has(name));
  if (missing.length === 0) return;
  throw new DittoError(`Cannot announce the base: it lacks ${missing.slice(0, 10).join(", ")}`, {
    code: "VERIFY_FAILED",
    hint: isMariadb(build.look.server)
      ? "Something was made or dropped while the source was read: run the command again"
      : "Something was made or dropped while the source was read, or the dump tool is older than the server: run the command again",
  });
}
