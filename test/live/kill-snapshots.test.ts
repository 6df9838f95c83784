import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  durationOf,
  momentsOf,
  orphans,
  orphansAfterPrune,
  recordedCopies,
  SIGNALS,
  strike,
  type Victim,
} from "./kill-harness.ts";
import { ask, type Copy, countItems, onEachGround, soak } from "./support/ground.ts";

setDefaultTimeout(soak ? 2_400_000 : 240_000);

/** Rows when the snapshot was taken that is gone back to, and rows now. */
const [THEN, NOW] = [900, 800];

interface Struck {
  victim: Victim;
  /** What the copy may hold afterwards. */
  rows: number[];
}

const VICTIMS: Record<string, Struck> = {
  snapshot: { victim: { script: "snapshot", args: ["create", "work", "struck"] }, rows: [NOW] },
  rollback: { victim: { script: "snapshot", args: ["rollback", "work", "--to", "then"] }, rows: [THEN, NOW] },
  ...(soak ? { clone: { victim: { script: "copy", args: ["clone", "work", "--name", "struck"] }, rows: [NOW] } } : {}),
};
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 };

onEachGround("killed in the middle of", (stage) => {
  let work: Copy;
  const must = (...args: string[]) => stage.project.must("snapshot", args);

  beforeAll(async () => {
    work = await stage.create("--name", "work");
    await ask(work.connection_string, `DELETE FROM items WHERE id > ${THEN}`);
    await must("create", "work", "then");
    await ask(work.connection_string, `DELETE FROM items WHERE id > ${NOW}`);
    await must("create", "work", "now");
  });

  /** As before the blow, whatever it left. */
  const putBack = async () => {
    await stage.copy(["delete", "struck", "--yes"]);
    await must("rollback", "work", "--to", "now");
    // None is fine; one that a copy stands on would be kept.
    await stage.project.run("snapshot", ["delete", "work/struck", "--yes"]);
  };

  /** Things of the runtime's that belong to the copy: its server and data, once. */
  const instances = async () =>
    (await stage.project.traces()).filter((trace) => trace.includes(`container ditto-${work.id}`));

  for (const [verb, { victim, rows }] of Object.entries(VICTIMS)) {
    describe(`a ${verb}`, () => {
      let duration = 0;
      beforeAll(async () => {
        await strike(stage, victim);
        await putBack();
        duration = await durationOf(stage, victim, putBack);
      });

      for (const signal of SIGNALS) {
        test(`by ${signal} at any moment the copy is as before or as after, on its URL`, async () => {
          for (const at of momentsOf(duration, signal)) {
            const death = await strike(stage, victim, { signal, at });
            expect({ allowed: [0, STATUS[signal]].includes(death.status), ...death }).toMatchObject({ allowed: true });
            if (signal !== "SIGKILL") expect({ at, orphans: await orphans(stage) }).toEqual({ at, orphans: [] });
            const { stdout } = await stage.project.must("copy", ["url", "work"], { env: { DITTO_NO_SWEEP: "1" } });
            expect(stdout.trim()).toBe(work.connection_string);
            const found = await countItems(work.connection_string);
            expect(rows).toContain(found);
            // What is written from now on stays.
            await ask(work.connection_string, "DELETE FROM items WHERE id = 1");
            expect({ at, orphans: await orphansAfterPrune(stage) }).toEqual({ at, orphans: [] });
            expect(await countItems(work.connection_string)).toBe(found - 1);
            expect(recordedCopies(stage).filter(({ id }) => id === work.id)).toMatchObject([{ status: "ready" }]);
            if (stage.ground.runtime !== "native") expect(await instances()).toHaveLength(1);
            const listed = await stage.project.json<{ name: string; copies: string[] }[]>("snapshot", ["list", "work"]);
            for (const { name } of listed.filter((one) => one.name === "struck")) {
              await must("rollback", "work", "--to", name);
              expect(await countItems(work.connection_string)).toBe(NOW);
            }
            await putBack();
          }
        });
      }
    });
  }

  test("nothing is left when the copy is deleted", async () => {
    await stage.project.must("copy", ["delete", "work", "--yes"]);
    expect(await stage.leftovers()).toEqual([]);
  });
});
