import { expect, test } from "bun:test";
import { drawn, lineageOf } from "../../../lib/copies/lineage.ts";
import type { CopyRecord } from "../../../lib/copies/record.ts";
import type { SnapshotRecord } from "../../../lib/copies/snapshot-record.ts";

const link = (id: string) => ({ id, name: id });
const copy = (id: string, standsOn?: string) =>
  ({ id, name: id, baseId: "base", ...(standsOn ? { standsOn: link(standsOn) } : {}) }) as CopyRecord;
const snapshot = (id: string, copyId: string, parent?: string) =>
  ({
    id,
    name: id,
    copyId,
    copyName: copyId,
    baseId: "base",
    ...(parent ? { parent: link(parent) } : {}),
  }) as SnapshotRecord;

const picture = (family: { copies: CopyRecord[]; snapshots: SnapshotRecord[] }) =>
  drawn(lineageOf({ bases: [], ...family })).map(({ node, branch }) => `${branch}${node.id}`);

test("copies hang on their base, snapshots on their copy, copies of a snapshot on that", () => {
  const copies = [copy("work"), copy("idea", "second"), copy("other")];
  const snapshots = [snapshot("first", "work"), snapshot("second", "work", "first")];
  expect(picture({ copies, snapshots })).toEqual([
    "base",
    "├─ work",
    "│  ├─ first",
    "│  └─ second",
    "│     └─ idea",
    "└─ other",
  ]);
});

test("a copy that went back to its own snapshot stays where it came from", () => {
  const copies = [copy("work"), copy("idea", "mine")];
  const snapshots = [snapshot("before", "work"), snapshot("mine", "idea", "before")];
  expect(picture({ copies, snapshots })).toEqual([
    "base",
    "└─ work",
    "   └─ before",
    "      └─ idea",
    "         └─ mine",
  ]);
});

test("snapshots of a copy that is gone keep its place", () => {
  expect(picture({ copies: [], snapshots: [snapshot("left", "gone")] })).toEqual(["base", "└─ gone", "   └─ left"]);
});

test("records that name each other in a circle don't hang it", () => {
  const snapshots = [snapshot("a", "work", "b"), snapshot("b", "work", "a")];
  expect(picture({ copies: [copy("work", "a")], snapshots })).toEqual(["base", "└─ work", "   ├─ a", "   └─ b"]);
});
