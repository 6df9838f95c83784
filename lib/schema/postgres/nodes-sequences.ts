import type { Sequence } from "../model.ts";
import type { ObjectKey } from "../model-objects.ts";
import { describeChange, describeNew, type Named } from "./access.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Node, node, versionOf, type World } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";
import { sequenceChange, sequenceClauses } from "./sequence-sql.ts";
import { goesOn, livesOnInIdentity } from "./sequence-value.ts";

export function sequenceNode(world: World, sequence: Sequence): Node {
  const name = qualified(sequence.schema, sequence.name);
  const named: Named = { sqlName: `SEQUENCE ${name}`, grantOn: { keyword: "SEQUENCE", name }, schema: sequence.schema };
  const owner = sequence.ownedBy;
  const identity = sequence.ofIdentity === true;
  const column = owner === undefined ? [] : [keyOf.column(owner.schema, owner.table, owner.column)];
  const clauses = sequence.options === undefined ? [] : sequenceClauses(sequence.options, { type: true });
  return node<Sequence>({
    key: identity ? `identity:${name}` : keyOf.sequence(sequence.schema, sequence.name),
    kind: "sequence",
    schema: sequence.schema,
    title: shown(sequence.schema, sequence.name),
    it: sequence,
    parents: owner === undefined ? [] : [...column, keyOf.relation(owner.schema, owner.table)],
    needs: [keyOf.schema(sequence.schema), ...(identity ? column : [])],
    slots: [`class:${name}`],
    follows: takersOf(world, sequence),
    implied: identity,
    ...(identity || livesOnInIdentity(world, sequence) ? {} : { destructive: "drop-sequence" as const }),
    create: () => [
      ...(identity
        ? []
        : [{ sql: [`CREATE ${sequence.unlogged ? "UNLOGGED " : ""}SEQUENCE ${name}`, ...clauses].join(" ") }]),
      ...(identity && sequence.unlogged ? [] : describeNew(world, named, sequence, { owned: !identity })),
    ],
    drop: () => (identity ? [] : [{ sql: `DROP SEQUENCE ${name}` }]),
    compare: (a, b) => {
      const found = new Differences();
      if (!identity && a.options !== undefined && b.options !== undefined) {
        const { words, clauses: changed } = sequenceChange(a.options, b.options, a.last);
        found.words.push(...words);
        if (changed.length > 0) found.add(`ALTER SEQUENCE ${name} ${changed.join(" ")}`);
        comparePersistence(world, found, { a, b, name });
      }
      const { words, drafts } = describeChange(world, named, a, b);
      // One that is owned goes over with its table.
      const withTable = a.ownedBy !== undefined && b.ownedBy !== undefined;
      found.join(
        withTable
          ? {
              words: words.filter((word) => !word.startsWith("owner:")),
              drafts: drafts.filter(({ sql }) => !/ OWNER TO /.test(sql)),
            }
          : { words, drafts },
      );
      return found;
    },
  });
}

type Owner = Sequence["ownedBy"];

/** Whether a table of both schemas becomes unlogged; undefined when it stays as it is. */
function becomesUnlogged(world: World, owner: Owner): boolean | undefined {
  const [before, after] = [world.a, world.b].map(({ tables }) => {
    const table = tables.find(({ schema, name }) => name === owner?.table && schema === owner.schema);
    return table?.postgres?.unlogged;
  });
  return before === undefined || before === after ? undefined : after;
}

/** The tables that take a standing sequence along when they become logged or unlogged. */
function takersOf(world: World, { schema, name }: Sequence): ObjectKey[] {
  const owners = [world.a, world.b].map(({ sequences }) =>
    sequences.find((one) => one.name === name && one.schema === schema),
  );
  if (owners.includes(undefined)) return [];
  return owners.flatMap((one) =>
    one?.ownedBy !== undefined && becomesUnlogged(world, one.ownedBy) !== undefined
      ? [keyOf.relation(one.ownedBy.schema, one.ownedBy.table)]
      : [],
  );
}

/** One that is owned goes with its table, when that becomes logged or unlogged. */
function comparePersistence(
  world: World,
  found: Differences,
  { a, b, name }: { a: Sequence; b: Sequence; name: string },
): void {
  // 15 brought the statement.
  if (versionOf(world) < 15) return;
  const taken = becomesUnlogged(world, a.ownedBy);
  const stays = b.ownedBy?.table === a.ownedBy?.table && b.ownedBy?.schema === a.ownedBy?.schema;
  if (taken !== undefined && stays && taken === b.unlogged) return;
  const logged = (unlogged: boolean | undefined) => (unlogged ? "UNLOGGED" : "LOGGED");
  const sql = `ALTER SEQUENCE ${name} SET ${logged(b.unlogged)}`;
  if (!found.note("persistence", logged(a.unlogged), logged(b.unlogged), sql) && taken !== undefined) found.add(sql);
}

/** That a sequence ends with a column. */
export function ownershipNode(world: World, sequence: Sequence, owner: NonNullable<Sequence["ownedBy"]>): Node {
  const key = keyOf.sequence(sequence.schema, sequence.name);
  const name = qualified(sequence.schema, sequence.name);
  const column = `${qualified(owner.schema, owner.table)}.${ident(owner.column)}`;
  const { options } = sequence;
  const isNew = !world.a.sequences.some(
    (one) => one.name === sequence.name && one.schema === sequence.schema && !one.ofIdentity,
  );
  const set = (to: string) => `ALTER SEQUENCE ${name} OWNED BY ${to}`;
  return node<string>({
    key: `ownership:${name}`,
    kind: "sequence",
    schema: sequence.schema,
    title: shown(sequence.schema, sequence.name),
    it: column,
    parents: [key],
    needs: [key, keyOf.column(owner.schema, owner.table, owner.column)],
    // Both have to be one's own.
    follows: [keyOf.relation(owner.schema, owner.table)],
    create: () => [
      { sql: set(column) },
      ...(isNew && options !== undefined ? goesOn(world, owner, sequence, options) : []),
    ],
    drop: set("NONE"),
    compare: (a, b) => (a === b ? undefined : { words: [`owned by: ${a} → ${b}`], drafts: [{ sql: set(b) }] }),
  });
}
