import { defer } from "../../kit/cleanup.ts";

/**
 * Runs `work`. When it fails, or the command is interrupted meanwhile, `undo` runs after it has come to its end: undone
 * in the middle, it would go on and make what is then nobody's.
 */
export async function orUndo<T>(work: () => Promise<T>, undo: () => Promise<void>): Promise<T> {
  const running = work();
  const release = defer(async () => {
    await running.catch(() => {});
    await undo();
  });
  try {
    return await running;
  } catch (error) {
    await undo();
    throw error;
  } finally {
    release();
  }
}
