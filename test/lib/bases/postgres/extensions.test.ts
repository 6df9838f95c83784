import { expect, test } from "bun:test";
import { chooseExtensions } from "../../../../lib/bases/postgres/extensions.ts";
import type { Session } from "../../../../lib/engine/index.ts";

function sourceWith(...names: string[]): Session {
  return {
    server: { flavour: "postgres", version: "17.6" },
    database: "shop",
    query: async <Row>() => names.map((name) => ({ name, version: "1.0" })) as Row[],
    close: async () => {},
  };
}

test("of themselves only extensions stay out that nobody but a managed service has", async () => {
  const session = sourceWith("aws_commons", "aws_s3", "azure", "google_ml_integration", "hstore", "pg_stat_statements");
  const { kept, excluded } = await chooseExtensions(session, "auto");
  expect(excluded).toEqual(["aws_commons", "aws_s3", "azure", "google_ml_integration"]);
  expect(kept.map(({ name }) => name)).toEqual(["hstore", "pg_stat_statements"]);
});

test("a list replaces that, also an empty one; a name that matches nothing is refused", async () => {
  const session = sourceWith("aws_s3", "hstore");
  expect((await chooseExtensions(session, [])).excluded).toEqual([]);
  expect((await chooseExtensions(session, ["hst*"])).excluded).toEqual(["hstore"]);
  await expect(chooseExtensions(session, ["hstor"])).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining('"hstor" of dump.exclude_extensions'),
    hint: "The source has aws_s3, hstore",
  });
});
