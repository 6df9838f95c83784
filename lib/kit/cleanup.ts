import { AsyncLocalStorage } from "node:async_hooks";
import { DittoError, messageOf } from "./errors.ts";

type Task = () => Promise<void> | void;

const tasks: Task[] = [];
let stopping = false;

/** Set in what must be finished although a signal came: an undoing, or a step that can only be undone when it is over. */
const finishing = new AsyncLocalStorage<true>();

const steps = new Set<Promise<unknown>>();

/** How long undoing waits for work whose tools were ended, in milliseconds. */
const SETTLE_MS = 3_000;

/** Registers what must be undone if the command is interrupted; returns a function that takes it off the list again. */
export function defer(task: Task): () => void {
  if (finishing.getStore()) return () => {};
  tasks.push(task);
  return () => {
    const at = tasks.lastIndexOf(task);
    if (at >= 0) tasks.splice(at, 1);
  };
}

/** True from the first signal on: loops and retries must give up. */
export function interrupted(): boolean {
  return stopping;
}

/**
 * Runs `step` so that a signal doesn't end its tools, and undoing waits for it: a `docker run` that is cut off makes its
 * container after the undoing has looked for it.
 */
export async function finish<T>(step: () => Promise<T>): Promise<T> {
  const running = finishing.run(true, step);
  steps.add(running);
  try {
    return await running;
  } finally {
    steps.delete(running);
  }
}

/**
 * Makes something that its taker will undo. Until it is handed over, a failure or a signal undoes it here, after the making
 * has ended: what is cut off in the middle may appear after the undoing has looked for it.
 */
export async function makeOrUndo<T>(make: () => Promise<T>, undo: Task): Promise<T> {
  // Inside of what must be finished, a signal is undone by whoever finishes it.
  const nested = mustFinish();
  const refuseIfStopping = () => {
    if (stopping && !nested) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
  };
  refuseIfStopping();
  let undone: Promise<void> | undefined;
  const once = () => {
    undone ??= finishing.run(true, async () => undo());
    return undone;
  };
  const release = defer(async () => {
    await Promise.allSettled(steps);
    await once();
  });
  try {
    const made = await finish(make);
    refuseIfStopping();
    return made;
  } catch (error) {
    // Registered until it is done: a command that was interrupted waits for it.
    await once().catch((second) => addMessage(error, second));
    throw error;
  } finally {
    release();
  }
}

/** True inside of {@link finish} and of what undoes. */
export function mustFinish(): boolean {
  return finishing.getStore() === true;
}

/** Runs what is registered, newest first, each at most once; a failing task doesn't stop the others. */
export async function runCleanups(onError: (error: unknown) => void = () => {}): Promise<void> {
  stopping = true;
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    try {
      await task();
    } catch (error) {
      onError(error);
    }
  }
}

/**
 * Runs `action`; whatever its end, also by a signal, `undo` has run once, and not before `action` has ended or was given
 * time to. When both fail, the action's error is thrown with the other's message.
 */
export async function withCleanup<T>(action: () => Promise<T>, undo: Task): Promise<T> {
  let work: Promise<T> | undefined;
  let undone: Promise<void> | undefined;
  const once = () => {
    undone ??= finishing.run(true, async () => undo());
    return undone;
  };
  const release = defer(async () => {
    const settle = () => Promise.race([work?.catch(() => {}), Bun.sleep(SETTLE_MS)]);
    await settle();
    while (steps.size > 0) {
      await Promise.allSettled(steps);
      // What a step made is written down by the work that goes on behind it.
      await settle();
    }
    await once();
  });
  work = action();
  const failed = await work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  try {
    await once();
  } catch (second) {
    if (!failed) throw second;
    addMessage(failed.error, second);
  } finally {
    // Registered until here: a signal that comes while this undoes waits for it.
    release();
  }
  return work;
}

function addMessage(error: unknown, second: unknown): void {
  // One reason that keeps both from being done is said once.
  const same = error instanceof DittoError && second instanceof DittoError && error.code === second.code;
  if (error instanceof Error && !same) error.message += `\nCannot clean up: ${messageOf(second)}`;
}

type SignalTaker = (signal: NodeJS.Signals) => void;
let taker: SignalTaker | undefined;

/** While set, signals go to `handler` (a child process has to see them first) and don't end the command; returns the release. */
export function takeSignals(handler: SignalTaker): () => void {
  taker = handler;
  return () => {
    taker = undefined;
  };
}

/** Hands a signal to whoever took signals; false when nobody did and the command has to end. Called by cli.ts only. */
export function passSignal(signal: NodeJS.Signals): boolean {
  taker?.(signal);
  return taker !== undefined;
}
