const MOST_ENTRIES = 25_000;
/** Characters of keys and values, per generation. */
const MOST_CHARACTERS = 2_000_000;
const LONGEST = 512;
/** Calls that go by unremembered after a generation that hardly repeated itself. */
const PAUSE = 500_000;

/**
 * Remembers the results of a function of strings in two generations: when the young one is full it becomes the old
 * one, and the old one is forgotten. So at most about 8 MB are held, whatever the number of values.
 */
export function memoize(make: (value: string) => string, mayKeep: () => boolean): (value: string) => string {
  let young = new Map<string, string>();
  let old = new Map<string, string>();
  let characters = 0;
  let hits = 0;
  let calls = 0;
  let pause = 0;

  function remember(value: string, result: string): void {
    young.set(ownCopy(value), ownCopy(result));
    characters += value.length + result.length;
    if (young.size < MOST_ENTRIES && characters < MOST_CHARACTERS) return;
    if (hits * 10 < calls) {
      pause = PAUSE;
      young.clear();
    }
    old = young;
    young = new Map();
    characters = hits = calls = 0;
  }

  return (value) => {
    if (value.length > LONGEST) return make(value);
    if (pause > 0) {
      pause--;
      return make(value);
    }
    calls++;
    const recent = young.get(value);
    if (recent !== undefined) {
      hits++;
      return recent;
    }
    const known = old.get(value);
    if (known !== undefined) hits++;
    const result = known ?? make(value);
    if (known !== undefined || mayKeep()) remember(value, result);
    return result;
  };
}

/** A text cut from a larger one keeps all of that in memory: without copies, a few values would hold whole chunks of rows. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}
