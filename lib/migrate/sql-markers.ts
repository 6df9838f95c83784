/** Flyway's versioned, undo and repeatable migrations. */
export const FLYWAY_NAME = /^(?:[VU]\d[\w.]*|R)__.+\.sql$/;

const MARKS = [
  { tool: "dbmate", pattern: /^--[ \t]*migrate:up\b/m },
  { tool: "goose", pattern: /^--[ \t]*\+goose[ \t]+up\b/im },
  { tool: "sql-migrate", pattern: /^--[ \t]*\+migrate[ \t]+up\b/im },
  { tool: "liquibase", pattern: /^--[ \t]*liquibase formatted sql\b/im },
] as const;

/** The tool whose marks stand in an SQL file: run as it is, it would do its way back too. */
export function markerIn(text: string): (typeof MARKS)[number]["tool"] | undefined {
  return MARKS.find(({ pattern }) => pattern.test(text))?.tool;
}
