import type { Hazard } from "../change.ts";
import type { Fates } from "./closure.ts";
import type { Node, World } from "./node.ts";
import type { Nodes } from "./nodes.ts";

/** The name of an index or a unique constraint while the new one is built. */
export function nameAside(name: string): string {
  return `${name.slice(0, 50)}__old`;
}

/** That somebody may have to clear up after it. */
export function asideHazard(name: string): Hazard {
  return {
    name: "no-transaction",
    detail: `${name} is called ${nameAside(name)} until the new one is built, and stays so when that fails`,
  };
}

/** With `--online` an index that is made anew serves until the new one is there: building that may fail, outside of any transaction. */
export function keepUntilBuilt(world: World, fates: Fates, { a, b }: { a: Nodes; b: Nodes }): void {
  if (!world.options.online) return;
  const names = new Set(world.a.tables.flatMap((table) => [table.name, ...table.indexes.map(({ name }) => name)]));
  const held = new Set(
    [...a.values()].filter(({ key }) => fates.drop.has(key)).flatMap(({ needs, parents }) => [...needs, ...parents]),
  );
  for (const key of fates.replaced.keys()) {
    const [node, twin] = [a.get(key), b.get(key)];
    if (node?.swap === undefined || twin?.swap === undefined || !/^(index|unique)$/.test(node.kind)) continue;
    const moves = [...node.needs, ...node.parents].some(
      (need) => fates.drop.has(need) || fates.retyped.has(need) || fates.alter.get(need)?.disturbs,
    );
    if (!moves && !held.has(key) && !names.has(nameAside(nameOf(node)))) fates.swapped.add(key);
  }
}

function nameOf({ it }: Node): string {
  const { index } = it as { index?: { name: string } };
  return index?.name ?? "";
}
