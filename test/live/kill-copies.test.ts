import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  contentsOf,
  durationOf,
  livingTools,
  momentsOf,
  orphans,
  orphansAfterPrune,
  recordedCopies,
  SIGNALS,
  serves,
  strike,
  type Victim,
} from "./kill-harness.ts";
import { onEachGround, soak } from "./support/ground.ts";

setDefaultTimeout(soak ? 1_200_000 : 120_000);

const VICTIMS: Record<string, Victim> = {
  create: { script: "copy", args: ["create", "--format", "json"] },
  run: { script: "copy", args: ["run", "--", "sleep", "0.5"] },
};
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 };

onEachGround("killed", (stage) => {
  let contents = "";
  beforeAll(async () => {
    const copy = await stage.create();
    contents = await contentsOf(copy, stage);
    await stage.project.must("copy", ["delete", copy.id]);
  });

  for (const [verb, victim] of Object.entries(VICTIMS)) {
    describe(verb, () => {
      let duration = 0;
      beforeAll(async () => {
        duration = await durationOf(stage, victim);
        await stage.copy(["delete", "--all", "--yes"]);
      });

      for (const signal of SIGNALS) {
        test(`by ${signal} at any moment leaves nothing that prune can't remove, and the base serves on`, async () => {
          const moments = momentsOf(duration, signal);
          for (const at of moments) {
            const death = await strike(stage, victim, { signal, at });
            expect([0, STATUS[signal]]).toContain(death.status);
            const copies = recordedCopies(stage);
            if (signal !== "SIGKILL") {
              // What was handed out stays; whatever else was begun is gone with the command.
              const handedOut = verb === "create" && death.stdout.includes('"ready"');
              expect({ at, copies: copies.map(({ status }) => status) }).toEqual({
                at,
                copies: handedOut ? ["ready"] : [],
              });
              expect({ at, orphans: await orphans(stage) }).toEqual({ at, orphans: [] });
              // A command that was over before the signal is said not to have connected.
              expect(death.stderr).toMatch(/^(Note: nothing but ditto connected .*\n)?$/);
            }
            expect(await livingTools(stage)).toEqual([]);
            if (soak || at === moments.at(-1))
              expect(await serves(stage, contents)).toEqual({ status: "ready", contents });
            expect({ at, orphans: await orphansAfterPrune(stage) }).toEqual({ at, orphans: [] });
            await stage.copy(["delete", "--all", "--yes"]);
            expect({ at, left: await stage.leftovers() }).toEqual({ at, left: [] });
          }
        });
      }
    });
  }
});
