import type { Session } from "../../engine/index.ts";
import type { Definition } from "../../mask/detect-literals.ts";

const USER = (schema: string) =>
  `${schema} NOT IN ('pg_catalog', 'information_schema') AND ${schema} !~ '^pg_(toast|temp)'`;
/** An object of an extension's is no text of the user's. */
const OWN = (catalog: string, id: string) =>
  `NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${id} AND x.deptype = 'e')`;

/** Everything in which people write values without there being a row: a query for each kind of definition. */
const QUERIES = [
  `SELECT format('the default of %I.%I.%I', n.nspname, c.relname, a.attname), pg_get_expr(d.adbin, d.adrelid)
   FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE ${USER("n.nspname")} AND ${OWN("pg_class", "c.oid")}`,
  `SELECT format('the constraint %I of %I.%I', k.conname, n.nspname, coalesce(c.relname, t.typname)), pg_get_constraintdef(k.oid)
   FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
   WHERE k.contype = 'c' AND ${USER("n.nspname")}`,
  `SELECT format('the view %I.%I', n.nspname, c.relname), pg_get_viewdef(c.oid)
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ${USER("n.nspname")} AND ${OWN("pg_class", "c.oid")}`,
  `SELECT format('the function %I.%I', n.nspname, p.proname), p.prosrc
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${USER("n.nspname")} AND ${OWN("pg_proc", "p.oid")}`,
  `SELECT format('the comment on %s', pg_describe_object(d.classoid, d.objoid, d.objsubid)), d.description
   FROM pg_description d WHERE d.objoid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classoid AND x.objid = d.objoid AND x.deptype = 'e')`,
  `SELECT format('the enum %I.%I', n.nspname, t.typname), e.enumlabel
   FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${USER("n.nspname")}`,
  `SELECT format('the bounds of the partition %I.%I', n.nspname, c.relname), pg_get_expr(c.relpartbound, c.oid)
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition AND ${USER("n.nspname")}`,
  `SELECT format('the policy %I of %I.%I', p.polname, n.nspname, c.relname), concat_ws(' ', pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))
   FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER("n.nspname")}`,
  `SELECT format('the index %I.%I', n.nspname, c.relname), pg_get_indexdef(i.indexrelid)
   FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND ${USER("n.nspname")}`,
  `SELECT format('the trigger %I of %I.%I', t.tgname, n.nspname, c.relname), pg_get_triggerdef(t.oid)
   FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND ${USER("n.nspname")}`,
];

/** The texts of all definitions of a database, to look for personal values in them. */
export async function readDefinitions(session: Session): Promise<Definition[]> {
  const union = QUERIES.map((query) => `SELECT * FROM (${query}) AS q (object, text)`).join("\nUNION ALL ");
  return session.query<Definition>(`SELECT object, text FROM (${union}) AS all_of_them WHERE text <> ''`);
}
