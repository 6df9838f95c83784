import type { Session } from "../../engine/index.ts";
import { quoteLiteral } from "../../engine/mysql/quote.ts";
import { parseAnswer } from "../../kit/answer.ts";

/** A catalog query: names of the answer's fields → SQL expressions; asked for as JSON, in which NULL and 'NULL' differ. */
export interface CatalogQuery {
  fields: Record<string, string>;
  from: string;
}

/** Runs a catalog query; works through the driver and through a client that prints a column of text. */
export async function catalog<Row>(session: Session, query: CatalogQuery): Promise<Row[]> {
  const pairs = Object.entries(query.fields).map(([name, expression]) => `${quoteLiteral(name)}, ${expression}`);
  const rows = await session.query<{ j: unknown }>(`SELECT JSON_OBJECT(${pairs.join(", ")}) AS j ${query.from}`);
  return rows.map(({ j }) => (typeof j === "string" ? parseAnswer(j) : j) as Row);
}
