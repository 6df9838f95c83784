import type { BaseRecord } from "../bases/catalogue.ts";
import { readable } from "../kit/glyphs.ts";
import type { CopyRecord } from "./record.ts";
import type { SnapshotRecord } from "./snapshot-record.ts";

/** A base, a copy or a snapshot, with what came of it. Of one that is gone only what others say of it is known. */
export type Node =
  | { kind: "base"; id: string; base: BaseRecord | undefined; children: Node[] }
  | { kind: "copy"; id: string; name: string; copy: CopyRecord | undefined; children: Node[] }
  | { kind: "snapshot"; id: string; snapshot: SnapshotRecord; children: Node[] };

interface Family {
  bases: BaseRecord[];
  copies: CopyRecord[];
  snapshots: SnapshotRecord[];
}

/**
 * Who came of whom: copies of their base, or of the snapshot that they were made of; snapshots of their copy. Bases of
 * which nothing came are left out.
 */
export function lineageOf({ bases, copies, snapshots }: Family): Node[] {
  const roots = new Map<string, Extract<Node, { kind: "base" }>>();
  const owners = new Map<string, Extract<Node, { kind: "copy" }>>();
  const frozen = new Map<string, Node>();
  const rootOf = (id: string) => {
    const known = roots.get(id);
    if (known) return known;
    const root = { kind: "base" as const, id, base: bases.find((base) => base.id === id), children: [] };
    roots.set(id, root);
    return root;
  };
  for (const copy of copies) {
    owners.set(copy.id, { kind: "copy", id: copy.id, name: copy.name, copy, children: [] });
  }
  for (const snapshot of snapshots) {
    const { copyId: id, copyName: name } = snapshot;
    const owner = owners.get(id) ?? { kind: "copy", id, name, copy: undefined, children: [] };
    owners.set(id, owner);
    const node: Node = { kind: "snapshot", id: snapshot.id, snapshot, children: [] };
    frozen.set(snapshot.id, node);
    owner.children.push(node);
  }
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  for (const owner of owners.values()) {
    const origin = originOf(owner, byId);
    const parent = origin === undefined ? undefined : frozen.get(origin.id);
    const baseId = owner.copy?.baseId ?? firstOf(owner)?.baseId ?? "";
    (parent ?? rootOf(baseId)).children.push(owner);
  }
  return [...roots.values()].sort((a, b) => a.id.localeCompare(b.id));
}

/** The snapshot of another copy that a copy came of; its own ones it may have gone back to since. */
function originOf(
  owner: Extract<Node, { kind: "copy" }>,
  byId: Map<string, SnapshotRecord>,
): { id: string } | undefined {
  let link = owner.copy ? owner.copy.standsOn : firstOf(owner)?.parent;
  // No longer than there are snapshots, whatever the records say.
  for (let left = byId.size; link && left > 0; left--) {
    const snapshot = byId.get(link.id);
    if (snapshot?.copyId !== owner.id) return snapshot && link;
    link = snapshot.parent;
  }
  return undefined;
}

function firstOf({ children }: Node): SnapshotRecord | undefined {
  const [first] = children;
  return first?.kind === "snapshot" ? first.snapshot : undefined;
}

/** The nodes from top to bottom, each with the branches that are drawn before its name. */
export function drawn(nodes: Node[], indent = ""): { node: Node; branch: string }[] {
  return nodes.flatMap((node, at) => {
    const last = at === nodes.length - 1;
    const top = node.kind === "base";
    const below = top ? "" : `${indent}${last ? "   " : "│  "}`;
    const branch = top ? "" : readable(`${indent}${last ? "└─ " : "├─ "}`);
    return [{ node, branch }, ...drawn(node.children, below)];
  });
}
