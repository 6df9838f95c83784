import type { Session, ToolCommand } from "../../engine/index.ts";
import { DittoError, usageError } from "../../kit/errors.ts";
import { qualifiedName, type Table } from "../../schema/model.ts";
import { excludedPatterns } from "../excluded-extensions.ts";
import { shorten } from "../privileges.ts";
import type { Toc, TocEntry } from "./toc.ts";

/** The control files of an installation; its own pg_config knows where they are, else they lie in the images' places. */
export const LIST_EXTENSIONS: ToolCommand = {
  tool: "sh",
  args: [
    "-c",
    `own=$(pg_config --sharedir 2>/dev/null || :)/extension
[ -d "$own" ] && set -- "$own" || set -- /usr/share/postgresql/*/extension /usr/local/share/postgresql/extension
for folder in "$@"; do for file in "$folder"/*.control; do [ -e "$file" ] && basename "$file" .control; done; done | sort -u`,
  ],
};

interface Extension {
  name: string;
  version: string;
}

/** The source's extensions, divided by what `dump.exclude_extensions` says. Throws exit 2 for a name that matches none. */
export async function chooseExtensions(
  session: Session,
  wish: "auto" | string[],
): Promise<{ kept: Extension[]; excluded: string[] }> {
  const all = await session.query<Extension>(
    "SELECT extname::text AS name, extversion AS version FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
  );
  const patterns = excludedPatterns(wish);
  const unknown = patterns.find(({ glob }) => wish !== "auto" && !all.some(({ name }) => glob.match(name)));
  if (unknown) {
    throw usageError(
      `Cannot use "${unknown.text}" of dump.exclude_extensions: the source has no such extension`,
      `The source has ${all.map(({ name }) => name).join(", ") || "none"}`,
    );
  }
  const goes = ({ name }: Extension) => patterns.some(({ glob }) => glob.match(name));
  return { kept: all.filter((one) => !goes(one)), excluded: all.filter(goes).map(({ name }) => name) };
}

/** What belongs to the extensions: their members, and what the server made with these (row types, indexes, rules). */
const BELONGINGS = `
  WITH RECURSIVE roots AS (SELECT oid, extname FROM pg_extension WHERE extname = ANY ($1::text[])),
  own (classid, objid) AS (
    SELECT 'pg_extension'::regclass::oid, oid FROM roots
    UNION SELECT d.classid, d.objid FROM pg_depend d JOIN roots r ON r.oid = d.refobjid WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    UNION SELECT d.classid, d.objid FROM pg_depend d JOIN own o ON o.classid = d.refclassid AND o.objid = d.refobjid WHERE d.deptype IN ('i', 'a')
  )`;

/** Refuses to leave out an extension that something else is made of. Throws `EXTENSION_NEEDED` naming both. */
export async function refuseDependents(session: Session, excluded: string[], left: Table[]): Promise<void> {
  if (excluded.length === 0) return;
  const rows = await session.query<{ thing: string; needs: string; relation: string | null }>(
    `${BELONGINGS}
    SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS thing, pg_describe_object(d.refclassid, d.refobjid, 0) AS needs,
      (SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = coalesce(
        (SELECT indrelid FROM pg_index WHERE d.classid = 'pg_class'::regclass AND indexrelid = d.objid),
        CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END,
        (SELECT adrelid FROM pg_attrdef WHERE d.classid = 'pg_attrdef'::regclass AND oid = d.objid),
        (SELECT conrelid FROM pg_constraint WHERE d.classid = 'pg_constraint'::regclass AND oid = d.objid),
        (SELECT tgrelid FROM pg_trigger WHERE d.classid = 'pg_trigger'::regclass AND oid = d.objid),
        (SELECT polrelid FROM pg_policy WHERE d.classid = 'pg_policy'::regclass AND oid = d.objid),
        (SELECT ev_class FROM pg_rewrite WHERE d.classid = 'pg_rewrite'::regclass AND oid = d.objid))) AS relation
    FROM pg_depend d JOIN own o ON o.classid = d.refclassid AND o.objid = d.refobjid
    WHERE d.deptype = 'n' AND NOT EXISTS (SELECT FROM own WHERE own.classid = d.classid AND own.objid = d.objid) ORDER BY 1`,
    [excluded],
  );
  const gone = new Set(left.map(qualifiedName));
  const broken = rows.filter(({ relation }) => relation === null || !gone.has(relation));
  if (broken.length === 0) return;
  const list = broken.map(({ thing, needs }) => `${thing} needs ${needs}`);
  throw new DittoError(
    `Cannot leave out the extension ${excluded.map((name) => `"${name}"`).join(", ")}: ${shorten(list, 5)}`,
    {
      code: "EXTENSION_NEEDED",
      hint: "Leave these tables out as well (dump.exclude_tables), or name an image that has the extension in copy.image and list the others in dump.exclude_extensions ([] for none)",
    },
  );
}

/** Tables of the extensions: an older pg_dump takes the rows of those that they name as configuration. */
export function tablesOf(session: Session, excluded: string[]): Promise<{ schema: string; name: string }[]> {
  return session.query(
    `${BELONGINGS}
    SELECT n.nspname::text AS schema, c.relname::text AS name FROM own JOIN pg_class c ON own.classid = 'pg_class'::regclass AND c.oid = own.objid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') ORDER BY 1, 2`,
    [excluded],
  );
}

/** Dump ids of an archive's entries that belong to the extensions: themselves, and grants on their members. */
export async function entriesOf(session: Session, excluded: string[], { entries }: Toc): Promise<Set<number>> {
  const gone = new Set<number>();
  if (excluded.length === 0) return gone;
  const members = await memberNames(session, excluded);
  const known = new Set(entries.map(({ dumpId }) => dumpId));
  for (const entry of entries) {
    const { kind, name, dumpId } = entry;
    // A member has no entry of its own, so what its grants depend on is not there.
    const orphan = kind === "ACL" && entry.dependencies.some((id) => !known.has(id)) && members.has(taggedName(entry));
    if ((kind === "EXTENSION" && excluded.includes(name)) || orphan) gone.add(dumpId);
  }
  return gone;
}

/** `FUNCTION export(text)` in schema `aws_s3` is `aws_s3.export`. */
function taggedName({ schema, name }: TocEntry): string {
  return `${schema}.${name.replace(/^[A-Z ]+ /, "").replace(/\(.*$/s, "")}`;
}

async function memberNames(session: Session, excluded: string[]): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(
    `${BELONGINGS}
    SELECT n.nspname || '.' || coalesce(c.relname, p.proname, t.typname) AS name FROM own
      LEFT JOIN pg_class c ON own.classid = 'pg_class'::regclass AND c.oid = own.objid
      LEFT JOIN pg_proc p ON own.classid = 'pg_proc'::regclass AND p.oid = own.objid
      LEFT JOIN pg_type t ON own.classid = 'pg_type'::regclass AND t.oid = own.objid
      JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, p.pronamespace, t.typnamespace)`,
    [excluded],
  );
  return new Set(rows.map(({ name }) => name));
}
