import type { Table } from "../model.ts";
import type { FullSchema, ObjectKind } from "../model-objects.ts";
import { ident, qualified, shown } from "./quote.ts";
import { sequenceRenamed } from "./rename-objects.ts";
import type { Taken } from "./rename-words.ts";
import { escaped, rewritten, sqlToken } from "./rewrite.ts";

/** Keys, indexes and sequences are often called after the table and the column: they follow where B has the same by another name. */
export function followUp(start: FullSchema, b: FullSchema, taken: Taken[]): FullSchema {
  let a = start;
  for (const table of a.tables) {
    const twin = b.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
    if (twin === undefined) continue;
    for (const { kind, from, to } of followers(table, twin)) {
      const relation = qualified(table.schema, table.name);
      const sql =
        kind === "index"
          ? `ALTER INDEX ${qualified(table.schema, from)} RENAME TO ${ident(to)}`
          : `ALTER TABLE ${relation} RENAME CONSTRAINT ${ident(from)} TO ${ident(to)}`;
      taken.push({ kind, from: shown(table.schema, from), to: shown(table.schema, to), sql });
      const [old, now] =
        kind === "index"
          ? [qualified(table.schema, from), qualified(table.schema, to)]
          : [`${relation}.${ident(from)}`, `${relation}.${ident(to)}`];
      const replace = (text: string) =>
        text
          .replace(sqlToken(old), now)
          .replace(new RegExp(`^(CREATE (?:UNIQUE )?INDEX )${escaped(ident(from))} `), `$1${ident(to)} `);
      a = rewritten(a, replace, (one) => (one.name === from && isPartOf(one) ? { ...one, name: to } : one));
    }
  }
  for (const sequence of a.sequences) {
    const { ownedBy } = sequence;
    if (
      ownedBy === undefined ||
      sequence.ofIdentity ||
      b.sequences.some(({ schema, name }) => schema === sequence.schema && name === sequence.name)
    )
      continue;
    const twin = b.sequences.find(
      (one) => JSON.stringify(one.ownedBy) === JSON.stringify(ownedBy) && one.schema === sequence.schema,
    );
    if (
      twin === undefined ||
      twin.ofIdentity ||
      a.sequences.some(({ schema, name }) => schema === twin.schema && name === twin.name)
    )
      continue;
    const done = sequenceRenamed(a, sequence, twin.name);
    a = done.schema;
    taken.push(done.taken);
  }
  return a;
}

function isPartOf(one: Record<string, unknown>): boolean {
  return "definition" in one && ("validated" in one || "parts" in one);
}

interface Named {
  name: string;
  definition?: string;
}

function followers(table: Table, twin: Table): { kind: ObjectKind; from: string; to: string }[] {
  const bare = ({ definition = "" }: Named) =>
    definition.replace(/^(CREATE (UNIQUE )?INDEX )("(?:[^"]|"")*"|\S+) /, "$1");
  const pairs = (kind: (one: Named) => ObjectKind, old: Named[], now: Named[]) => {
    const free = now.filter(({ name }) => !old.some((one) => one.name === name));
    return old.flatMap((one) => {
      if (now.some(({ name }) => name === one.name)) return [];
      const at = free.findIndex((other) => bare(other) === bare(one));
      const [found] = at < 0 ? [] : free.splice(at, 1);
      return found === undefined ? [] : [{ kind: kind(one), from: one.name, to: found.name }];
    });
  };
  const alone = ({ indexes, keys }: Table) =>
    indexes.filter(({ name }) => !keys.some(({ index }) => index?.name === name));
  return [
    ...pairs(
      (one) => ("kind" in one ? (one.kind as ObjectKind) : "check"),
      [...table.keys, ...table.checks],
      [...twin.keys, ...twin.checks],
    ),
    ...pairs(() => "index", alone(table), alone(twin)),
  ];
}
