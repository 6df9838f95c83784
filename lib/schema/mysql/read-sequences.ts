import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/mysql/quote.ts";
import type { Sequence } from "../model.ts";
import { catalog } from "./catalog.ts";

interface Position {
  name: string;
  next: string;
  start: string;
  increment: string;
}

/** Notes where MariaDB's sequences stand, which are relations to be read: the last value that was given, or set aside for a connection. */
export async function addPositions(session: Session, sequences: Sequence[]): Promise<void> {
  if (sequences.length === 0) return;
  const select = ({ name }: Sequence) =>
    `SELECT ${quoteLiteral(name)} AS n, next_not_cached_value AS v, start_value AS s, increment AS i FROM ${quoteIdentifier(name)}`;
  const positions = await catalog<Position>(session, {
    fields: { name: "n", next: "CAST(v AS CHAR)", start: "CAST(s AS CHAR)", increment: "CAST(i AS CHAR)" },
    from: `FROM (${sequences.map(select).join(" UNION ALL ")}) p`,
  });
  const byName = new Map(positions.map((position) => [position.name, position]));
  for (const sequence of sequences) {
    const position = byName.get(sequence.name);
    if (position === undefined || position.next === position.start) continue;
    sequence.last = String(BigInt(position.next) - BigInt(position.increment));
  }
}
