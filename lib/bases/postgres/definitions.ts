import type { Session } from "../../engine/index.ts";
import { majorOf } from "../../engine/postgres/server.ts";
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
  `SELECT format('the arguments of the function %I.%I', n.nspname, p.proname), pg_get_function_arguments(p.oid)
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.pronargdefaults > 0 AND ${USER("n.nspname")} AND ${OWN("pg_proc", "p.oid")}`,
  `SELECT format('the default of the domain %I.%I', n.nspname, t.typname), t.typdefault
   FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND t.typdefault IS NOT NULL AND ${USER("n.nspname")} AND ${OWN("pg_type", "t.oid")}`,
  `SELECT format('the rule %I of %I.%I', r.rulename, n.nspname, c.relname), pg_get_ruledef(r.oid)
   FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN' AND ${USER("n.nspname")} AND ${OWN("pg_class", "c.oid")}`,
  `SELECT format('the statistics %I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
   FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE ${USER("n.nspname")}`,
  `SELECT format('the comment on the database %I', d.datname), shobj_description(d.oid, 'pg_database') FROM pg_database d WHERE d.datname = current_database()`,
  // What a base has of them: those of the database, and of all roles.
  `SELECT format('the setting %s of %s', split_part(q.setting, '=', 1), CASE WHEN s.setdatabase = 0 THEN 'all roles' ELSE 'the database' END),
     quote_literal(substr(q.setting, strpos(q.setting, '=') + 1))
   FROM pg_db_role_setting s, unnest(s.setconfig) AS q (setting)
   WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) AND (s.setrole = 0 OR s.setdatabase <> 0)`,
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

/** Bodies of SQL that the server has parsed came with 14. */
const BODIES = `SELECT format('the function %I.%I', n.nspname, p.proname), pg_get_function_sqlbody(p.oid)
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosqlbody IS NOT NULL AND ${USER("n.nspname")} AND ${OWN("pg_proc", "p.oid")}`;

/** The texts of all definitions of a database, to look for personal values in them. */
export async function readDefinitions(session: Session): Promise<Definition[]> {
  const queries = Number(majorOf(session.server)) >= 14 ? [...QUERIES, BODIES] : QUERIES;
  const union = queries.map((query) => `SELECT * FROM (${query}) AS q (object, text)`).join("\nUNION ALL ");
  return session.query<Definition>(`SELECT object, text FROM (${union}) AS all_of_them WHERE text <> ''`);
}
