/** What {@link within} throws. */
export class TimeLimitError extends Error {
  constructor(readonly limitMs: number) {
    super(`no answer within ${limitMs / 1000} s`);
    this.name = "TimeLimitError";
  }
}

/** Waits for work that may never end; what it does after the limit nobody hears of. Throws {@link TimeLimitError}. */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeLimitError(limitMs)), limitMs);
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Passes a stream on. Throws {@link TimeLimitError} when nothing came for so long. */
export async function* flowing<T>(stream: AsyncIterable<T>, limitMs: number): AsyncGenerator<T> {
  const pieces = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(limitMs, pieces.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not waited for: what hangs may hang here too.
    pieces.return?.()?.catch(() => {});
  }
}
