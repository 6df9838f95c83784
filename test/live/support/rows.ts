import { Client } from "pg";

/** A query's rows as texts, as the server prints them, from either engine. */
export async function rowsOf(url: string, sql: string): Promise<(string | null)[][]> {
  if (url.startsWith("postgres")) {
    const client = new Client({ connectionString: url, types: { getTypeParser: () => (value: string) => value } });
    await client.connect();
    try {
      return (await client.query<(string | null)[]>({ text: sql, rowMode: "array" })).rows;
    } finally {
      await client.end();
    }
  }
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({
    uri: url,
    rowsAsArray: true,
    charset: "utf8mb4",
    typeCast: (field) => (field.type === "JSON" ? field.string("utf8") : field.string()),
  });
  try {
    return (await connection.query(sql))[0] as unknown as (string | null)[][];
  } finally {
    await connection.end();
  }
}
