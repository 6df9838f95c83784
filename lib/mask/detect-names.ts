import type { What, Where } from "./detect-phrases.ts";
import { phrasesFrom, vocabulary, words } from "./detect-vocabulary.ts";
import { splitWords, takeApart } from "./detect-words.ts";

/** What a table is about, as far as its name and its columns' names say. */
export interface Context {
  people: boolean;
  addresses: boolean;
  /** Products, countries, roles: what has a name without being anybody. */
  things: boolean;
  /** Keeps what rows of other tables looked like. */
  history: boolean;
  /** First names have a column of their own, so that "name" is the last name. */
  firstNames: boolean;
}

/** Two of these in one table, and it is about people whatever its name. */
const OF_PEOPLE: What[] = [
  "email",
  "phone",
  "first_name",
  "last_name",
  "username",
  "birth date",
  "password",
  "identity number",
];
const OF_ADDRESSES: What[] = ["address", "place", "phone"];

const BARE_NAMES = new Set(["name", "nom", "nome", "naam"]);

/** Judges a table by its name and the names of its columns. */
export function contextOf(table: string, columns: readonly string[] = []): Context {
  const named = wordsOf(table);
  const last = named.at(-1) ?? "";
  const isThing = (word: string) => words.things.has(word);
  const isPerson = (word: string) => words.people.has(word);
  const people = isPerson(last) || (named.some(isPerson) && !named.some(isThing));
  const things = !people && named.some(isThing);
  const bare = {
    people,
    addresses: named.some((word) => words.addresses.has(word)),
    things,
    history: false,
    firstNames: false,
  };
  const found = new Set(columns.map((column) => readName(column, bare)));
  const count = (kinds: What[]) => kinds.filter((kind) => found.has(kind)).length;
  return {
    people: people || (!things && count(OF_PEOPLE) >= 2),
    addresses: bare.addresses || count(OF_ADDRESSES) >= 2,
    things,
    history: named.some((word) => words.histories.has(word)),
    firstNames: found.has("first_name"),
  };
}

/** What a column holds by its name, or undefined when the name says nothing personal. */
export function readName(column: string, context: Context): What | undefined {
  const named = wordsOf(column);
  const [only = ""] = named;
  if (named.length === 1 && context.firstNames && context.people && BARE_NAMES.has(only)) return "last_name";
  if (words.metaBefore.has(named[0] ?? "")) return undefined;
  let found: What | undefined;
  for (let at = 0; at < named.length; ) {
    const entry = phrasesFrom(named[at] ?? "").find((one) =>
      one.words.every((word, next) => named[at + next] === word),
    );
    if (entry === undefined) {
      if (found !== undefined && found !== "birth date" && words.meta.has(named[at] ?? "")) found = undefined;
      at++;
      continue;
    }
    if (entry.what === "nothing") found = undefined;
    else if (applies(entry.where, { context, before: named.slice(0, at) })) found = entry.what;
    at += entry.words.length;
  }
  return found ?? (words.roles.has(named.at(-1) ?? "") ? "name" : undefined);
}

/** `before`: what stands before the phrase in the column's name; `customer` in `customer_name`. */
function applies(where: Where, { context, before }: { context: Context; before: string[] }): boolean {
  if (where === "anywhere") return true;
  const people = before.some((word) => words.people.has(word));
  const addresses = before.some((word) => words.addresses.has(word));
  if (where !== "addresses" && people) return true;
  if (where.includes("addresses") && addresses) return true;
  if (before.some((word) => words.things.has(word))) return false;
  if (where === "people") return context.people;
  if (where === "addresses") return context.addresses;
  return !context.things && (where === "not things" || context.people || context.addresses);
}

/** Names recur: every table has its "id" and its "created_at". */
const known = new Map<string, string[]>();
const MOST_KNOWN = 20_000;

function wordsOf(name: string): string[] {
  const before = known.get(name);
  if (before !== undefined) return before;
  const named = takeApart(splitWords(name), vocabulary);
  if (known.size < MOST_KNOWN) known.set(name, named);
  return named;
}
