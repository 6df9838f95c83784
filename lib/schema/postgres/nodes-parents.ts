import type { Table } from "../model.ts";
import { keyOf, nameIn } from "./keys.ts";
import { hazardsOn, type Node, node, type World } from "./node.ts";
import { qualified, shown } from "./quote.ts";

/** That a table is one of a composite type; it steps aside while that changes. */
export function typingNode(table: Table): Node {
  const relation = keyOf.relation(table.schema, table.name);
  const name = qualified(table.schema, table.name);
  const type = table.postgres?.ofType ?? "";
  return node<string>({
    key: `typing:${name}`,
    kind: "table",
    schema: table.schema,
    title: `${shown(table.schema, table.name)} of type ${type}`,
    it: type,
    parents: [relation],
    needs: [relation, `type:${type}`],
    follows: table.columns.map((column) => keyOf.column(table.schema, table.name, column.name)),
    line: () => "",
    create: `ALTER TABLE ${name} OF ${type}`,
    drop: `ALTER TABLE ${name} NOT OF`,
    compare: (a, b) => (a === b ? undefined : { words: [`of type: ${a} → ${b}`], replace: true }),
  });
}

/** Being a partition of another table, or inheriting from one. `apart`: it leaves that before its end. */
export function parentNode(
  world: World,
  table: Table,
  parent: string,
  { followers, apart }: { followers: string[]; apart: boolean },
): Node {
  const child = keyOf.relation(table.schema, table.name);
  const name = qualified(table.schema, table.name);
  const partition = table.postgres?.partitionBound ?? "";
  const needs = [child, parent];
  if (partition === "") {
    return node<string>({
      key: `inheritance:${name} ${nameIn(parent)}`,
      kind: "table",
      schema: table.schema,
      title: `${shown(table.schema, table.name)} inherits ${nameIn(parent)}`,
      it: parent,
      needs,
      follows: followers.filter((key) => /^(column|constraint):/.test(key)),
      parents: [child],
      line: () => "",
      create: `ALTER TABLE ${name} INHERIT ${nameIn(parent)}`,
      drop: `ALTER TABLE ${name} NO INHERIT ${nameIn(parent)}`,
      compare: () => undefined,
    });
  }
  return node<string>({
    key: keyOf.partition(table.schema, table.name),
    kind: "partition",
    schema: table.schema,
    title: shown(table.schema, table.name),
    it: `${nameIn(parent)} ${partition}`,
    needs,
    follows: followers,
    parents: apart ? [] : [child],
    create: () => [
      {
        sql: `ALTER TABLE ONLY ${nameIn(parent)} ATTACH PARTITION ${name} ${partition}`,
        ...hazardsOn(
          world,
          child,
          {
            name: "scans-table",
            detail: `every row of ${shown(table.schema, table.name)} is checked against its bounds`,
          },
          { name: "locks", detail: `ACCESS EXCLUSIVE on ${shown(table.schema, table.name)}` },
        ),
      },
    ],
    drop: () => [
      {
        sql: `ALTER TABLE ONLY ${nameIn(parent)} DETACH PARTITION ${name}`,
        ...hazardsOn(world, parent, { name: "locks", detail: `ACCESS EXCLUSIVE on ${nameIn(parent)}` }),
      },
    ],
    compare: (a, b) => (a === b ? undefined : { words: [`partition: ${a} → ${b}`], replace: true }),
  });
}
