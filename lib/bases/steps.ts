import { steps } from "../kit/progress.ts";
import type { StepReport } from "./build.ts";

/** Steps that follow each other: beginning one ends the one before, `end` the last. */
export function stepLog(): { step(title: string, total?: number): StepReport; end(): void } {
  const log = steps();
  let endLast = () => {};
  const step = (title: string, total?: number): StepReport => {
    endLast();
    const shown = log.step(title, total === undefined ? {} : { total });
    let note: string | undefined;
    endLast = () => shown.done(note);
    return {
      update(news) {
        note = news.note ?? note;
        shown.update(news);
      },
    };
  };
  return { step, end: () => endLast() };
}
