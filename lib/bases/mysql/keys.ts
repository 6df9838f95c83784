import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Schema, Table } from "../../schema/model.ts";

/** A table's definition without the keys that are cheaper to build when the rows are there, and the statement that adds them. */
export interface DeferredKeys {
  create: string;
  alter: string | undefined;
}

/** Below this many bytes of rows, a second statement costs more than it saves. */
const WORTH_IT = 16 << 20;

const LINE = /^ {2}(`|PRIMARY KEY |UNIQUE KEY |KEY |FULLTEXT KEY |SPATIAL KEY |CONSTRAINT )/;

/**
 * Takes plain keys and foreign keys out of a CREATE TABLE as the server prints it, an element on each line. Loading into
 * the primary key alone and sorting the others afterwards takes three quarters of the time, and far less where they
 * don't fit in memory. Anything unusual is left as it is.
 */
export function deferKeys(create: string, table: Table, schema: Schema): DeferredKeys {
  const unchanged = { create, alter: undefined };
  if (table.storage !== "InnoDB" || table.bytes < WORTH_IT || isReferencedElsewhere(table, schema)) return unchanged;
  const lines = create.split("\n");
  const end = lines.findIndex((line, index) => index > 0 && line.startsWith(")"));
  const body = lines.slice(1, end).map((line) => line.replace(/,$/, ""));
  if (end < 2 || !body.every((line) => LINE.test(line)) || !isClusteredByPrimaryKey(body)) return unchanged;
  const isDeferred = (line: string) => /^ {2}KEY |^ {2}CONSTRAINT .* FOREIGN KEY /.test(line);
  const deferred = body.filter(isDeferred).map((line) => `ADD ${line.trim()}`);
  if (deferred.length === 0) return unchanged;
  const kept = body.filter((line) => !isDeferred(line)).join(",\n");
  return {
    create: [lines[0], kept, ...lines.slice(end)].join("\n"),
    alter: `ALTER TABLE ${quoteIdentifier(table.name)} ${deferred.join(", ")}`,
  };
}

/** An AUTO_INCREMENT column needs its key from the beginning, and rows their final order. */
function isClusteredByPrimaryKey(body: string[]): boolean {
  const counter = body.find((line) => /^ {2}`.* AUTO_INCREMENT\b/.test(line));
  const column = counter && /^ {2}(`(?:[^`]|``)+`)/.exec(counter)?.[1];
  return body.some((line) => line.startsWith(`  PRIMARY KEY (${column ?? ""}`));
}

/** Another table's foreign key may stand on a plain key of this one. */
function isReferencedElsewhere(table: Table, schema: Schema): boolean {
  const primary = table.keys.find(({ kind }) => kind === "primary key")?.columns ?? [];
  return schema.tables.some(({ keys }) =>
    keys.some(({ references }) => {
      if (references?.schema !== table.schema || references.table !== table.name) return false;
      return references.columns.some((column, index) => column !== primary[index]);
    }),
  );
}
