import { usageError } from "../kit/errors.ts";

/** In seconds; moments that are much further away no date can hold. */
const LONGEST_TTL = 100 * 365 * 86_400;

/** How long a copy is to live, in seconds; null: until it is deleted. `action` is for the error. Throws exit 2. */
export function checkedTtl(ttl: number | "never", action: string): number | null {
  if (ttl === "never") return null;
  if (ttl <= LONGEST_TTL) return ttl;
  throw usageError(`Cannot ${action}: its ttl is longer than a hundred years`, 'Say "never": --ttl never');
}
