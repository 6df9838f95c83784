import { qualifiedName, type Table } from "../schema/model.ts";

interface Edge {
  child: string;
  parent: string;
}

/**
 * Table → the group it is drawn in: its schema, or where there is only one, a cluster named after its most connected
 * table. Clusters are found by moving tables to where they raise the modularity most until none moves: the first phase of
 * Blondel et al., "Fast unfolding of communities in large networks" (2008), in the order of names, so it is repeatable.
 */
export function nameGroups(tables: Table[], edges: Edge[]): Map<string, string> {
  if (new Set(tables.map(({ schema }) => schema)).size > 1) {
    return new Map(tables.map((table) => [qualifiedName(table), table.schema]));
  }
  const names = new Map(tables.map((table) => [qualifiedName(table), table.name]));
  const neighbours = neighboursOf([...names.keys()], edges);
  const clusters = clustersOf(neighbours);
  const degree = (id: string) => neighbours.get(id)?.length ?? 0;
  const heads = new Map<string, string>();
  for (const [id, cluster] of clusters) {
    const head = heads.get(cluster);
    if (head === undefined || degree(id) > degree(head)) heads.set(cluster, id);
  }
  return new Map([...clusters].map(([id, cluster]) => [id, names.get(heads.get(cluster) ?? id) ?? id]));
}

/** Each end of each edge; a table's key to itself doesn't count. */
function neighboursOf(ids: string[], edges: Edge[]): Map<string, string[]> {
  const neighbours = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { child, parent } of edges) {
    if (child === parent) continue;
    neighbours.get(child)?.push(parent);
    neighbours.get(parent)?.push(child);
  }
  return neighbours;
}

const MOST_ROUNDS = 50;

/** Table → the name of its cluster, which is one of its tables. */
function clustersOf(neighbours: Map<string, string[]>): Map<string, string> {
  const cluster = new Map([...neighbours.keys()].map((id) => [id, id]));
  const weight = new Map([...neighbours].map(([id, ids]) => [id, ids.length]));
  const twice = [...weight.values()].reduce((sum, degree) => sum + degree, 0);
  const gain = (id: string, links: number, target: string) =>
    links - ((weight.get(target) ?? 0) * (neighbours.get(id)?.length ?? 0)) / twice;
  for (let round = 0, moved = true; moved && round < MOST_ROUNDS; round++) {
    moved = false;
    for (const [id, ids] of neighbours) {
      const own = cluster.get(id) ?? id;
      weight.set(own, (weight.get(own) ?? 0) - ids.length);
      const links = new Map<string, number>([[own, 0]]);
      for (const other of ids) {
        const at = cluster.get(other) ?? other;
        links.set(at, (links.get(at) ?? 0) + 1);
      }
      let [best, most] = [own, gain(id, links.get(own) ?? 0, own)];
      for (const [target, count] of links) {
        const now = gain(id, count, target);
        if (now > most + 1e-9) [best, most] = [target, now];
      }
      weight.set(best, (weight.get(best) ?? 0) + ids.length);
      cluster.set(id, best);
      moved ||= best !== own;
    }
  }
  return cluster;
}
