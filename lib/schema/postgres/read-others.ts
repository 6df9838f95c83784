import type { ObjectKind, OtherObject } from "../model-objects.ts";
import { type Catalog, grantsOf, idOf, known, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";

/** A row of these queries: `create` and `drop` are SQL, built by the server, which quotes its own names best. */
interface OtherRow {
  id: string;
  schema: string;
  name: string;
  /** Behind the kind's keyword in COMMENT ON, ALTER … OWNER and DROP. */
  sql: string;
  create: string;
  /** Where it is not DROP with the kind's keyword. */
  drop?: string;
  owner: string | null;
  acl: string[] | null;
  comment: string | null;
}

/** A kind that is made and dropped as a whole. */
interface OtherKind {
  kind: ObjectKind;
  catalog: string;
  /** As COMMENT ON says it. */
  keyword: string;
  query: (version: number) => string;
}

const name = (schema: string, column: string) => `quote_ident(${schema}) || '.' || quote_ident(${column})`;
const routine = (id: string) =>
  `(SELECT ${name("fn.nspname", "f.proname")} FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ${id})`;
const options = (array: string) =>
  `(SELECT ' OPTIONS (' || string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', ' ORDER BY option_name) || ')' FROM pg_options_to_table(${array}))`;
const operator = (id: string) =>
  `(SELECT 'OPERATOR(' || quote_ident(orn.nspname) || '.' || opr.oprname || ')' FROM pg_operator opr JOIN pg_namespace orn ON orn.oid = opr.oprnamespace WHERE opr.oid = ${id})`;

const COLLATIONS = (version: number) => `
  SELECT o.oid::text AS id, n.nspname::text AS schema, quote_ident(o.collname) AS name, ${name("n.nspname", "o.collname")} AS sql,
    'CREATE COLLATION ' || ${name("n.nspname", "o.collname")} || ' (provider = ' || CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END
    || CASE WHEN ${locale(version)} IS NOT NULL AND o.collprovider <> 'c' THEN ', locale = ' || quote_literal(${locale(version)})
       WHEN o.collcollate = o.collctype THEN ', locale = ' || quote_literal(o.collcollate)
       ELSE ', lc_collate = ' || quote_literal(o.collcollate) || ', lc_ctype = ' || quote_literal(o.collctype) END
    || CASE WHEN o.collisdeterministic THEN '' ELSE ', deterministic = false' END
    ${version >= 16 ? "|| coalesce(', rules = ' || quote_literal(o.collicurules), '')" : ""} || ')' AS create,
    pg_get_userbyid(o.collowner)::text AS owner, NULL::text[] AS acl, obj_description(o.oid, 'pg_collation') AS comment
  FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE ${USER}`;

function locale(version: number): string {
  return version >= 17
    ? "o.colllocale"
    : version >= 15
      ? "o.colliculocale"
      : "CASE WHEN o.collprovider = 'i' THEN o.collcollate END";
}

const CONVERSIONS = () => `
  SELECT v.oid::text AS id, n.nspname::text AS schema, quote_ident(v.conname) AS name, ${name("n.nspname", "v.conname")} AS sql,
    'CREATE ' || CASE WHEN v.condefault THEN 'DEFAULT ' ELSE '' END || 'CONVERSION ' || ${name("n.nspname", "v.conname")} || ' FOR ' || quote_literal(pg_encoding_to_char(v.conforencoding))
      || ' TO ' || quote_literal(pg_encoding_to_char(v.contoencoding)) || ' FROM ' || ${routine("v.conproc")} AS create,
    pg_get_userbyid(v.conowner)::text AS owner, NULL::text[] AS acl, obj_description(v.oid, 'pg_conversion') AS comment
  FROM pg_conversion v JOIN pg_namespace n ON n.oid = v.connamespace WHERE ${USER}`;

const OPERATORS = () => `
  SELECT o.oid::text AS id, n.nspname::text AS schema, o.oprname || ' (' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', ' || format_type(o.oprright, NULL) || ')' AS name,
    quote_ident(n.nspname) || '.' || o.oprname || ' (' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', ' || format_type(o.oprright, NULL) || ')' AS sql,
    'CREATE OPERATOR ' || quote_ident(n.nspname) || '.' || o.oprname || E' (\\n  ' || concat_ws(E',\\n  ', 'FUNCTION = ' || ${routine("o.oprcode")},
      CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || format_type(o.oprleft, NULL) END, 'RIGHTARG = ' || format_type(o.oprright, NULL),
      'COMMUTATOR = ' || ${operator("o.oprcom")}, 'NEGATOR = ' || ${operator("o.oprnegate")}, 'RESTRICT = ' || ${routine("o.oprrest")}, 'JOIN = ' || ${routine("o.oprjoin")},
      CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END) || E'\\n)' AS create,
    pg_get_userbyid(o.oprowner)::text AS owner, NULL::text[] AS acl, obj_description(o.oid, 'pg_operator') AS comment
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprcode <> 0 AND ${USER}`;

const FAMILIES = () => `
  SELECT f.oid::text AS id, n.nspname::text AS schema, quote_ident(f.opfname) || ' USING ' || am.amname AS name, ${name("n.nspname", "f.opfname")} || ' USING ' || am.amname AS sql,
    'CREATE OPERATOR FAMILY ' || ${name("n.nspname", "f.opfname")} || ' USING ' || am.amname AS create,
    pg_get_userbyid(f.opfowner)::text AS owner, NULL::text[] AS acl, obj_description(f.oid, 'pg_opfamily') AS comment
  FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am am ON am.oid = f.opfmethod WHERE ${USER}`;

const CLASSES = () => `
  SELECT c.oid::text AS id, n.nspname::text AS schema, quote_ident(c.opcname) || ' USING ' || am.amname AS name, ${name("n.nspname", "c.opcname")} || ' USING ' || am.amname AS sql,
    'CREATE OPERATOR CLASS ' || ${name("n.nspname", "c.opcname")} || E'\\n    ' || CASE WHEN c.opcdefault THEN 'DEFAULT ' ELSE '' END || 'FOR TYPE ' || format_type(c.opcintype, NULL)
      || ' USING ' || am.amname || ' FAMILY ' || ${name("fn2.nspname", "f2.opfname")} || E' AS\\n    ' || concat_ws(E' ,\\n    ',
      CASE WHEN c.opckeytype <> 0 THEN 'STORAGE ' || format_type(c.opckeytype, NULL) END,
      (SELECT string_agg('OPERATOR ' || a.amopstrategy || ' ' || a.amopopr::regoperator::text || CASE WHEN a.amopsortfamily <> 0 THEN ' FOR ORDER BY ' ||
          (SELECT ${name("sn.nspname", "sf.opfname")} FROM pg_opfamily sf JOIN pg_namespace sn ON sn.oid = sf.opfnamespace WHERE sf.oid = a.amopsortfamily) ELSE '' END, E' ,\\n    ' ORDER BY a.amopstrategy)
        FROM pg_amop a JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid),
      (SELECT string_agg('FUNCTION ' || a.amprocnum || ' (' || format_type(a.amproclefttype, NULL) || ', ' || format_type(a.amprocrighttype, NULL) || ') ' || a.amproc::regprocedure::text, E' ,\\n    ' ORDER BY a.amprocnum)
        FROM pg_amproc a JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid)) AS create,
    pg_get_userbyid(c.opcowner)::text AS owner, NULL::text[] AS acl, obj_description(c.oid, 'pg_opclass') AS comment
  FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am am ON am.oid = c.opcmethod JOIN pg_opfamily f2 ON f2.oid = c.opcfamily JOIN pg_namespace fn2 ON fn2.oid = f2.opfnamespace WHERE ${USER}`;

/** Operators and functions of a family that no class of it needs; each is its own, for it may name what comes late. */
const MEMBERS =
  (table: "pg_amop" | "pg_amproc", { family, word, types, what }: Record<string, string>) =>
  () => {
    const head = `'ALTER OPERATOR FAMILY ' || ${name("n.nspname", "f.opfname")} || ' USING ' || am.amname`;
    const member = `'${word} (' || ${types} || ')'`;
    return `
  SELECT m.oid::text AS id, n.nspname::text AS schema, quote_ident(f.opfname) || ' USING ' || am.amname || ' ' || ${member} AS name, '' AS sql,
    ${head} || ' ADD ' || ${what} AS create, ${head} || ' DROP ' || ${member} AS drop, NULL::text AS owner, NULL::text[] AS acl, NULL::text AS comment
  FROM ${table} m JOIN pg_opfamily f ON f.oid = m.${family} JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am am ON am.oid = f.opfmethod
  WHERE ${USER} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${table}'::regclass AND d.objid = m.oid AND d.refclassid = 'pg_opclass'::regclass)`;
  };

const FAMILY_OPERATORS = MEMBERS("pg_amop", {
  family: "amopfamily",
  word: "OPERATOR ' || m.amopstrategy || '",
  types: "format_type(m.amoplefttype, NULL) || ', ' || format_type(m.amoprighttype, NULL)",
  what: `'OPERATOR ' || m.amopstrategy || ' ' || m.amopopr::regoperator::text || CASE WHEN m.amopsortfamily <> 0 THEN ' FOR ORDER BY ' ||
    (SELECT ${name("sn.nspname", "sf.opfname")} FROM pg_opfamily sf JOIN pg_namespace sn ON sn.oid = sf.opfnamespace WHERE sf.oid = m.amopsortfamily) ELSE '' END`,
});

const FAMILY_FUNCTIONS = MEMBERS("pg_amproc", {
  family: "amprocfamily",
  word: "FUNCTION ' || m.amprocnum || '",
  types: "format_type(m.amproclefttype, NULL) || ', ' || format_type(m.amprocrighttype, NULL)",
  what: "'FUNCTION ' || m.amprocnum || ' (' || format_type(m.amproclefttype, NULL) || ', ' || format_type(m.amprocrighttype, NULL) || ') ' || m.amproc::regprocedure::text",
});

const CASTS = () => `
  SELECT k.oid::text AS id, '' AS schema, '(' || format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL) || ')' AS name,
    '(' || format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL) || ')' AS sql,
    'CREATE CAST (' || format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL) || ') ' || CASE k.castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT'
      ELSE 'WITH FUNCTION ' || (SELECT ${name("fn.nspname", "f.proname")} || '(' || pg_get_function_identity_arguments(f.oid) || ')' FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = k.castfunc) END
      || CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END AS create,
    NULL::text AS owner, NULL::text[] AS acl, obj_description(k.oid, 'pg_cast') AS comment
  FROM pg_cast k WHERE k.oid >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'i')`;

const TRANSFORMS = () => `
  SELECT t.oid::text AS id, '' AS schema, 'FOR ' || format_type(t.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname) AS name, 'FOR ' || format_type(t.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname) AS sql,
    'CREATE TRANSFORM FOR ' || format_type(t.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname) || ' (' || concat_ws(', ', CASE WHEN t.trffromsql <> 0 THEN 'FROM SQL WITH FUNCTION ' || t.trffromsql::oid::regprocedure::text END,
      CASE WHEN t.trftosql <> 0 THEN 'TO SQL WITH FUNCTION ' || t.trftosql::oid::regprocedure::text END) || ')' AS create,
    NULL::text AS owner, NULL::text[] AS acl, obj_description(t.oid, 'pg_transform') AS comment
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= 16384`;

const LANGUAGES = () => `
  SELECT l.oid::text AS id, '' AS schema, quote_ident(l.lanname) AS name, quote_ident(l.lanname) AS sql,
    'CREATE ' || CASE WHEN l.lanpltrusted THEN 'TRUSTED ' ELSE '' END || 'LANGUAGE ' || quote_ident(l.lanname) || coalesce(' HANDLER ' || ${routine("l.lanplcallfoid")}, '')
      || coalesce(' INLINE ' || ${routine("l.laninline")}, '') || coalesce(' VALIDATOR ' || ${routine("l.lanvalidator")}, '') AS create,
    pg_get_userbyid(l.lanowner)::text AS owner, coalesce(l.lanacl, acldefault('l', l.lanowner))::text[] AS acl, obj_description(l.oid, 'pg_language') AS comment
  FROM pg_language l WHERE l.lanispl AND l.oid >= 16384`;

const METHODS = () => `
  SELECT a.oid::text AS id, '' AS schema, quote_ident(a.amname) AS name, quote_ident(a.amname) AS sql,
    'CREATE ACCESS METHOD ' || quote_ident(a.amname) || ' TYPE ' || CASE a.amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END || ' HANDLER ' || a.amhandler::text AS create,
    NULL::text AS owner, NULL::text[] AS acl, obj_description(a.oid, 'pg_am') AS comment
  FROM pg_am a WHERE a.oid >= 16384`;

const PARSERS = () => `
  SELECT p.oid::text AS id, n.nspname::text AS schema, quote_ident(p.prsname) AS name, ${name("n.nspname", "p.prsname")} AS sql,
    'CREATE TEXT SEARCH PARSER ' || ${name("n.nspname", "p.prsname")} || ' (START = ' || p.prsstart::text || ', GETTOKEN = ' || p.prstoken::text || ', END = ' || p.prsend::text
      || CASE WHEN p.prsheadline <> 0 THEN ', HEADLINE = ' || p.prsheadline::text ELSE '' END || ', LEXTYPES = ' || p.prslextype::text || ')' AS create,
    NULL::text AS owner, NULL::text[] AS acl, obj_description(p.oid, 'pg_ts_parser') AS comment
  FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE ${USER}`;

const TEMPLATES = () => `
  SELECT p.oid::text AS id, n.nspname::text AS schema, quote_ident(p.tmplname) AS name, ${name("n.nspname", "p.tmplname")} AS sql,
    'CREATE TEXT SEARCH TEMPLATE ' || ${name("n.nspname", "p.tmplname")} || ' (' || CASE WHEN p.tmplinit <> 0 THEN 'INIT = ' || p.tmplinit::text || ', ' ELSE '' END || 'LEXIZE = ' || p.tmpllexize::text || ')' AS create,
    NULL::text AS owner, NULL::text[] AS acl, obj_description(p.oid, 'pg_ts_template') AS comment
  FROM pg_ts_template p JOIN pg_namespace n ON n.oid = p.tmplnamespace WHERE ${USER}`;

const DICTIONARIES = () => `
  SELECT d.oid::text AS id, n.nspname::text AS schema, quote_ident(d.dictname) AS name, ${name("n.nspname", "d.dictname")} AS sql,
    'CREATE TEXT SEARCH DICTIONARY ' || ${name("n.nspname", "d.dictname")} || E' (\\n    TEMPLATE = ' || ${name("tn.nspname", "t.tmplname")} || coalesce(E',\\n    ' || d.dictinitoption, '') || E'\\n)' AS create,
    pg_get_userbyid(d.dictowner)::text AS owner, NULL::text[] AS acl, obj_description(d.oid, 'pg_ts_dict') AS comment
  FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace WHERE ${USER}`;

/** Statements of one object are told apart by a character that no SQL holds. */
const NEXT = "\u0001";

const CONFIGURATIONS = () => `
  SELECT c.oid::text AS id, n.nspname::text AS schema, quote_ident(c.cfgname) AS name, ${name("n.nspname", "c.cfgname")} AS sql,
    concat_ws(E'\\x01', 'CREATE TEXT SEARCH CONFIGURATION ' || ${name("n.nspname", "c.cfgname")} || E' (\\n    PARSER = ' || ${name("pn.nspname", "p.prsname")} || E'\\n)',
      (SELECT string_agg('ALTER TEXT SEARCH CONFIGURATION ' || ${name("n.nspname", "c.cfgname")} || ' ADD MAPPING FOR ' || quote_ident(m.alias) || ' WITH ' || m.dicts, E'\\x01' ORDER BY m.alias)
       FROM (SELECT tt.alias, string_agg(${name("dn.nspname", "d.dictname")}, ', ' ORDER BY x.mapseqno) AS dicts FROM pg_ts_config_map x JOIN pg_ts_dict d ON d.oid = x.mapdict
         JOIN pg_namespace dn ON dn.oid = d.dictnamespace JOIN ts_token_type(c.cfgparser) tt ON tt.tokid = x.maptokentype WHERE x.mapcfg = c.oid GROUP BY tt.alias) m)) AS create,
    pg_get_userbyid(c.cfgowner)::text AS owner, NULL::text[] AS acl, obj_description(c.oid, 'pg_ts_config') AS comment
  FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace WHERE ${USER}`;

const WRAPPERS = () => `
  SELECT w.oid::text AS id, '' AS schema, quote_ident(w.fdwname) AS name, quote_ident(w.fdwname) AS sql,
    'CREATE FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname) || coalesce(' HANDLER ' || ${routine("w.fdwhandler")}, '') || coalesce(' VALIDATOR ' || ${routine("w.fdwvalidator")}, '') || coalesce(${options("w.fdwoptions")}, '') AS create,
    pg_get_userbyid(w.fdwowner)::text AS owner, coalesce(w.fdwacl, acldefault('F', w.fdwowner))::text[] AS acl, obj_description(w.oid, 'pg_foreign_data_wrapper') AS comment
  FROM pg_foreign_data_wrapper w`;

const SERVERS = () => `
  SELECT s.oid::text AS id, '' AS schema, quote_ident(s.srvname) AS name, quote_ident(s.srvname) AS sql,
    'CREATE SERVER ' || quote_ident(s.srvname) || coalesce(' TYPE ' || quote_literal(s.srvtype), '') || coalesce(' VERSION ' || quote_literal(s.srvversion), '') || ' FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname) || coalesce(${options("s.srvoptions")}, '') AS create,
    pg_get_userbyid(s.srvowner)::text AS owner, coalesce(s.srvacl, acldefault('S', s.srvowner))::text[] AS acl, obj_description(s.oid, 'pg_foreign_server') AS comment
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw`;

const MAPPINGS = () => `
  SELECT u.umid::text AS id, '' AS schema, 'FOR ' || CASE WHEN u.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END || ' SERVER ' || quote_ident(u.srvname) AS name,
    'FOR ' || CASE WHEN u.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END || ' SERVER ' || quote_ident(u.srvname) AS sql,
    'CREATE USER MAPPING FOR ' || CASE WHEN u.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END || ' SERVER ' || quote_ident(u.srvname) || coalesce(${options("u.umoptions")}, '') AS create,
    NULL::text AS owner, NULL::text[] AS acl, NULL::text AS comment
  FROM pg_user_mappings u`;

const KINDS: OtherKind[] = [
  { kind: "collation", catalog: "pg_collation", keyword: "COLLATION", query: COLLATIONS },
  { kind: "conversion", catalog: "pg_conversion", keyword: "CONVERSION", query: CONVERSIONS },
  { kind: "operator", catalog: "pg_operator", keyword: "OPERATOR", query: OPERATORS },
  { kind: "operator family", catalog: "pg_opfamily", keyword: "OPERATOR FAMILY", query: FAMILIES },
  { kind: "operator class", catalog: "pg_opclass", keyword: "OPERATOR CLASS", query: CLASSES },
  { kind: "operator family", catalog: "pg_amop", keyword: "", query: FAMILY_OPERATORS },
  { kind: "operator family", catalog: "pg_amproc", keyword: "", query: FAMILY_FUNCTIONS },
  { kind: "cast", catalog: "pg_cast", keyword: "CAST", query: CASTS },
  { kind: "transform", catalog: "pg_transform", keyword: "TRANSFORM", query: TRANSFORMS },
  { kind: "language", catalog: "pg_language", keyword: "LANGUAGE", query: LANGUAGES },
  { kind: "access method", catalog: "pg_am", keyword: "ACCESS METHOD", query: METHODS },
  { kind: "text search parser", catalog: "pg_ts_parser", keyword: "TEXT SEARCH PARSER", query: PARSERS },
  { kind: "text search template", catalog: "pg_ts_template", keyword: "TEXT SEARCH TEMPLATE", query: TEMPLATES },
  { kind: "text search dictionary", catalog: "pg_ts_dict", keyword: "TEXT SEARCH DICTIONARY", query: DICTIONARIES },
  {
    kind: "text search configuration",
    catalog: "pg_ts_config",
    keyword: "TEXT SEARCH CONFIGURATION",
    query: CONFIGURATIONS,
  },
  {
    kind: "foreign data wrapper",
    catalog: "pg_foreign_data_wrapper",
    keyword: "FOREIGN DATA WRAPPER",
    query: WRAPPERS,
  },
  { kind: "server", catalog: "pg_foreign_server", keyword: "SERVER", query: SERVERS },
  { kind: "user mapping", catalog: "pg_user_mapping", keyword: "USER MAPPING", query: MAPPINGS },
];

/** Kinds of which there are few, and which are made anew when they differ. */
export async function readOthers(catalog: Catalog): Promise<void> {
  for (const { kind, catalog: table, keyword, query } of KINDS) {
    for (const row of await catalog.query<OtherRow>(`${query(catalog.version)} ORDER BY 2, 3`)) {
      if (known(catalog, table, row, keyOf.other(kind, row.schema, row.name)))
        catalog.schema.others.push(otherOf(catalog, row, { kind, keyword }));
    }
  }
  await noteMembers(catalog);
}

/** What an operator class is made of needs for it what it needs itself. */
async function noteMembers(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{ class: string; id: string; of: string }>(
    `SELECT d.classid::regclass::text AS class, d.objid::text AS id, d.refobjid::text AS of FROM pg_depend d
     WHERE d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.refclassid = 'pg_opclass'::regclass AND d.objid >= 16384`,
  );
  for (const row of rows) {
    const key = catalog.keys.get(idOf("pg_opclass", row.of));
    if (key !== undefined) catalog.keys.set(idOf(row.class, row.id), key);
  }
}

function otherOf(
  catalog: Catalog,
  row: OtherRow,
  { kind, keyword }: { kind: ObjectKind; keyword: string },
): OtherObject {
  return {
    kind,
    schema: row.schema,
    name: row.name,
    sqlName: `${keyword} ${row.sql}`,
    create: row.create.split(NEXT),
    drop: row.drop ?? `DROP ${keyword} ${row.sql}`,
    attributes: {},
    ...(row.owner === null ? {} : { owner: ownerName(catalog, row.owner) }),
    ...(row.acl === null ? {} : { privileges: grantsOf(row.acl, row.owner ?? "") }),
    comment: row.comment ?? "",
  };
}
