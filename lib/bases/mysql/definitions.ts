import type { Session } from "../../engine/index.ts";
import { isMysql } from "../../engine/mysql/version.ts";
import type { Definition } from "../../mask/detect-literals.ts";
import { type CatalogQuery, catalog } from "../../schema/mysql/catalog.ts";

/** Everything in which people write values without there being a row: a query for each kind of definition. */
const QUERIES: CatalogQuery[] = [
  of(
    "'the default of ', TABLE_NAME, '.', COLUMN_NAME",
    "COLUMN_DEFAULT",
    "COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_DEFAULT IS NOT NULL",
  ),
  of(
    "'the values of ', TABLE_NAME, '.', COLUMN_NAME",
    "COLUMN_TYPE",
    "COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND DATA_TYPE IN ('enum', 'set')",
  ),
  of(
    "'the expression of ', TABLE_NAME, '.', COLUMN_NAME",
    "GENERATION_EXPRESSION",
    "COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND GENERATION_EXPRESSION <> ''",
  ),
  of(
    "'the comment on ', TABLE_NAME, '.', COLUMN_NAME",
    "COLUMN_COMMENT",
    "COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_COMMENT <> ''",
  ),
  of(
    "'the comment on ', TABLE_NAME",
    "TABLE_COMMENT",
    "TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND TABLE_COMMENT <> ''",
  ),
  of(
    "'the view ', TABLE_NAME",
    "VIEW_DEFINITION",
    "VIEWS WHERE TABLE_SCHEMA = DATABASE() AND VIEW_DEFINITION IS NOT NULL",
  ),
  of(
    "'the ', LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME",
    "ROUTINE_DEFINITION",
    "ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_DEFINITION IS NOT NULL",
  ),
  of(
    "'the comment on the ', LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME",
    "ROUTINE_COMMENT",
    "ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_COMMENT <> ''",
  ),
  of(
    "'the comment on the event ', EVENT_NAME",
    "EVENT_COMMENT",
    "EVENTS WHERE EVENT_SCHEMA = DATABASE() AND EVENT_COMMENT <> ''",
  ),
  of(
    "'the comment on the index ', INDEX_NAME, ' of ', TABLE_NAME",
    "INDEX_COMMENT",
    "STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND SEQ_IN_INDEX = 1 AND INDEX_COMMENT <> ''",
  ),
  of(
    "'the comment on the partition ', PARTITION_NAME, ' of ', TABLE_NAME",
    "PARTITION_COMMENT",
    "PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL AND PARTITION_COMMENT <> ''",
  ),
  of("'the trigger ', TRIGGER_NAME", "ACTION_STATEMENT", "TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"),
  of("'the event ', EVENT_NAME", "EVENT_DEFINITION", "EVENTS WHERE EVENT_SCHEMA = DATABASE()"),
  of(
    "'the partition ', PARTITION_NAME, ' of ', TABLE_NAME",
    "PARTITION_DESCRIPTION",
    "PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_DESCRIPTION IS NOT NULL",
  ),
];

/** The view of constraints came with MySQL 8.0.16 and MariaDB 10.2. */
const CHECKS = of(
  "'the constraint ', CONSTRAINT_NAME",
  "CHECK_CLAUSE",
  "CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
);

/** Indexes of expressions came with MySQL 8.0.13, which writes quotes in them with backslashes. */
const EXPRESSIONS = of(
  "'the index ', INDEX_NAME, ' of ', TABLE_NAME",
  "REPLACE(EXPRESSION, CHAR(92, 39 USING utf8mb4), CHAR(39 USING utf8mb4))",
  "STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND EXPRESSION IS NOT NULL",
);

function of(object: string, text: string, from: string): CatalogQuery {
  return { fields: { object: `CONCAT(${object})`, text }, from: `FROM information_schema.${from}` };
}

/** The texts of all definitions of a database, to look for personal values in them. */
export async function readDefinitions(session: Session): Promise<Definition[]> {
  const found: Definition[] = [];
  const queries = [...QUERIES];
  if (session.server.flavour !== "mysql" || isMysql(session.server, "8.0.16")) queries.push(CHECKS);
  if (isMysql(session.server, "8.0.13")) queries.push(EXPRESSIONS);
  for (const query of queries) found.push(...(await catalog<Definition>(session, query)));
  return found;
}
