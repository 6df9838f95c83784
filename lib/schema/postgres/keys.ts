import type { Table } from "../model.ts";
import type { ObjectKey } from "../model-objects.ts";
import { ident, qualified } from "./quote.ts";

/** The keys of Postgres' objects; views, foreign tables and tables share one, for they share their names. */
export const keyOf = {
  schema: (name: string): ObjectKey => `schema:${ident(name)}`,
  extension: (name: string): ObjectKey => `extension:${ident(name)}`,
  relation: (schema: string, name: string): ObjectKey => `relation:${qualified(schema, name)}`,
  column: (schema: string, table: string, name: string): ObjectKey =>
    `column:${qualified(schema, table)}.${ident(name)}`,
  default: (schema: string, table: string, name: string): ObjectKey =>
    `default:${qualified(schema, table)}.${ident(name)}`,
  constraint: (schema: string, table: string, name: string): ObjectKey =>
    `constraint:${qualified(schema, table)}.${ident(name)}`,
  domainConstraint: (schema: string, domain: string, name: string): ObjectKey =>
    `domain constraint:${qualified(schema, domain)}.${ident(name)}`,
  domainDefault: (schema: string, domain: string): ObjectKey => `domain default:${qualified(schema, domain)}`,
  index: (schema: string, name: string): ObjectKey => `index:${qualified(schema, name)}`,
  sequence: (schema: string, name: string): ObjectKey => `sequence:${qualified(schema, name)}`,
  type: (schema: string, name: string): ObjectKey => `type:${qualified(schema, name)}`,
  routine: (schema: string, name: string, signature: string): ObjectKey =>
    `routine:${qualified(schema, name)}(${signature})`,
  trigger: (schema: string, table: string, name: string): ObjectKey =>
    `trigger:${qualified(schema, table)}.${ident(name)}`,
  rule: (schema: string, table: string, name: string): ObjectKey => `rule:${qualified(schema, table)}.${ident(name)}`,
  policy: (schema: string, table: string, name: string): ObjectKey =>
    `policy:${qualified(schema, table)}.${ident(name)}`,
  eventTrigger: (name: string): ObjectKey => `event trigger:${ident(name)}`,
  statistics: (schema: string, name: string): ObjectKey => `statistics:${qualified(schema, name)}`,
  publication: (name: string): ObjectKey => `publication:${ident(name)}`,
  publicationMember: (publication: string, name: string): ObjectKey =>
    `publication member:${ident(publication)}/${name}`,
  partition: (schema: string, name: string): ObjectKey => `partition:${qualified(schema, name)}`,
  other: (kind: string, schema: string, name: string): ObjectKey =>
    `${kind}:${schema === "" ? "" : `${ident(schema)}.`}${name}`,
  systemPrivileges: (keyword: string, name: string): ObjectKey => `privileges:${keyword} ${name}`,
  defaultPrivileges: (role: string, schema: string, on: string): ObjectKey =>
    `default privileges:${ident(role)}/${schema}/${on}`,
};

/** The parents of a table that are compared too. */
export function parentsOf(table: Table): ObjectKey[] {
  return table.postgres?.parents ?? [];
}

/** The name in a key. */
export function nameIn(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}
