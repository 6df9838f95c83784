import { type Change, type Diagram, type Entity, type Field, order, type Relation, relationKey } from "./diagram.ts";

/** The newer diagram with what it lacks from the older one, everything that differs marked. */
export function drawAgainst(now: Diagram, before: Diagram): Diagram {
  const entities = paired(now.entities, before.entities, ({ id }) => id).map(([entity, was]) => {
    if (!entity) return { ...(was as Entity), change: "removed" as const };
    if (!was) return { ...entity, change: "added" as const };
    const fields = paired(entity.fields, was.fields, ({ name }) => name).map(([field, old]) => markedField(field, old));
    const changed = fields.some(({ change }) => change) || entity.comment !== was.comment || entity.kind !== was.kind;
    return changed ? { ...entity, fields, change: "changed" as const } : { ...entity, fields };
  });
  const relations = paired(now.relations, before.relations, relationKey).map(([relation, was]) => {
    const change: Change | undefined = !was ? "added" : !relation ? "removed" : undefined;
    const known = (relation ?? was) as Relation;
    if (change) return { ...known, change };
    const same = relation?.children === was?.children && relation?.parents === was?.parents;
    return same ? known : { ...known, change: "changed" as const };
  });
  return {
    ...now,
    entities: entities.sort((a, b) => order(a.id, b.id)),
    relations: relations.sort((a, b) => order(relationKey(a), relationKey(b))),
  };
}

function markedField(field: Field | undefined, was: Field | undefined): Field {
  if (!field) return { ...(was as Field), change: "removed" };
  if (!was) return { ...field, change: "added" };
  return Bun.deepEquals(field, was) ? field : { ...field, change: "changed" };
}

/** Things of the same key side by side: those of now in their order, then what only was. */
function paired<Thing>(
  now: Thing[],
  before: Thing[],
  keyOf: (thing: Thing) => string,
): [Thing | undefined, Thing | undefined][] {
  const old = new Map(before.map((thing) => [keyOf(thing), thing]));
  const pairs = now.map((thing): [Thing | undefined, Thing | undefined] => [thing, old.get(keyOf(thing))]);
  const kept = new Set(now.map(keyOf));
  return [
    ...pairs,
    ...before
      .filter((thing) => !kept.has(keyOf(thing)))
      .map((thing): [Thing | undefined, Thing | undefined] => [undefined, thing]),
  ];
}
