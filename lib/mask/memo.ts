const USUAL_ENTRIES = 25_000;
/** Characters of a value: longer ones hardly come again. */
const LONGEST = 128;
/** Calls after which the memory is judged, and calls that go by without it when hardly one was a hit; times its entries. */
const WINDOW = 2;
const PAUSE = 20;

/**
 * Remembers the first `most` results of a function of strings, at most about 8 MB whatever the number of values. Nothing
 * is put in the place of others, which would cost more than it saves: where values don't come again, all are forgotten
 * and for a while none are looked for.
 */
export function memoize(make: (value: string) => string, most = USUAL_ENTRIES): (value: string) => string {
  const known = new Map<string, string>();
  let hits = 0;
  let calls = 0;
  let pause = 0;

  function judge(): void {
    if (hits * 10 < calls) {
      known.clear();
      pause = PAUSE * most;
    }
    hits = calls = 0;
  }

  return (value) => {
    if (value.length > LONGEST) return make(value);
    if (pause > 0) {
      pause--;
      return make(value);
    }
    if (++calls > WINDOW * most) judge();
    const remembered = known.get(value);
    if (remembered !== undefined) {
      hits++;
      return remembered;
    }
    const result = make(value);
    if (known.size < most) known.set(ownCopy(value), ownCopy(result));
    return result;
  };
}

/** A text cut from a larger one keeps all of that in memory: without copies, a few values would hold whole chunks of rows. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}
