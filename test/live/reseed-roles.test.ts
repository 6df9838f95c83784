import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { must } from "../provision/exec.ts";
import type { Source } from "../provision/sources.ts";
import { soak } from "./support/ground.ts";
import {
  copyTools,
  loadFixture,
  missingPostgres,
  type PostgresTools,
  postgresImage,
  query,
  schemaOf,
  sharedSource,
  sourceTools,
  withClient,
} from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

interface Copy {
  id: string;
  connection_string: string;
}

const loaded = new Map<string, Promise<string>>();

/** The fixture's database, whose roles a cluster can have once only. */
function guarded(version: string): Promise<string> {
  const url = loaded.get(version) ?? sharedSource(version).then((source) => loadFixture(source, "roles", "guarded"));
  loaded.set(version, url);
  return url;
}

/** The roles of a cluster as pg_dumpall writes them, without passwords, who granted a membership, and roles that only one side has. */
async function rolesOf(tools: PostgresTools): Promise<string[]> {
  const text = await must([
    "docker",
    "exec",
    tools.container,
    "pg_dumpall",
    "--roles-only",
    "--no-role-passwords",
    ...tools.login,
  ]);
  const ours =
    /^(CREATE|ALTER) ROLE (ditto|postgres|dumper|torture_owner)\b|^GRANT .* TO dumper\b|^GRANT .* ON PARAMETER/;
  return text
    .split("\n")
    .filter((line) => /^(CREATE|ALTER|GRANT|COMMENT) /.test(line) && !ours.test(line))
    .map((line) => line.replace(/ GRANTED BY \w+;/, ";"))
    .sort();
}

// 16 gave memberships options of their own.
for (const version of soak ? ["15", "18"] : ["18"]) {
  const missing = missingPostgres(version);

  describe.skipIf(missing !== undefined)(`Roles on Postgres ${version}${missing ? ` (${missing})` : ""}`, () => {
    let source: Source;
    let project: Project;
    let copy: Copy;

    beforeAll(async () => {
      source = await sharedSource(version);
      project = await makeProject({
        source: { url: await guarded(version) },
        copy: { image: postgresImage(version) },
        dump: { roles: "keep" },
      });
      await project.must("reseed");
      copy = await project.json<Copy>("copy", ["create"]);
    });
    afterAll(() => project?.remove());

    const valueIn = async (sql: string) =>
      Object.values((await query<Record<string, unknown>>(copy.connection_string, sql))[0] ?? {})[0];

    test("roles: keep brings attributes, memberships, settings and comments", async () => {
      const roles = await rolesOf(copyTools(copy));
      expect(roles).toEqual(await rolesOf(sourceTools(source)));
      expect(roles.join("\n")).toContain(`ALTER ROLE "app@prod" SET search_path TO`);
    });

    test("roles: keep brings owners, grants, default privileges, policies and the database's own rights", async () => {
      const definitions = await schemaOf(copyTools(copy), "guarded", true);
      expect(definitions).toBe(await schemaOf(sourceTools(source), "guarded", true));
      expect(definitions).toContain("GRANT CONNECT ON DATABASE guarded TO reader;");
    });

    test("a parameter that was granted is granted in the copy", async () => {
      expect(await valueIn("SELECT has_parameter_privilege('Shop Admin', 'log_min_duration_statement', 'SET')")).toBe(
        true,
      );
    });

    test("row-level security hides in the copy what it hides in the source", async () => {
      const hidden = `SET ROLE "app@prod"; SET "app.tenant" = '1'; SELECT count(*)::int AS n FROM shop.orders`;
      const answers = await withClient(copy.connection_string, async (client) => [await client.query(hidden)].flat());
      expect(answers.at(-1)?.rows).toEqual([{ n: 10 }]);
    });

    test("no role of the source's has a password in the copy", async () => {
      expect(
        await valueIn("SELECT count(*)::int FROM pg_authid WHERE rolpassword IS NOT NULL AND rolname <> 'ditto'"),
      ).toBe(0);
    });
  });
}

const missing = missingPostgres("18");
describe.skipIf(missing !== undefined)(`roles: drop${missing ? ` (${missing})` : ""}`, () => {
  let project: Project;
  let copy: Copy;

  beforeAll(async () => {
    project = await makeProject({ source: { url: await guarded("18") }, copy: { image: postgresImage("18") } });
    await project.must("reseed");
    copy = await project.json<Copy>("copy", ["create"]);
  });
  afterAll(() => project?.remove());

  test("only the roles that policies name are made, and can't log in", async () => {
    const roles =
      "SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'ditto' ORDER BY 1";
    expect(await query(copy.connection_string, roles)).toEqual([
      { rolname: "Shop Admin", rolcanlogin: false, rolsuper: false },
      { rolname: "app@prod", rolcanlogin: false, rolsuper: false },
    ]);
  });

  test("everything belongs to ditto, and nobody else has a grant", async () => {
    const foreign = `SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND (relowner <> 'ditto'::regrole OR relacl IS NOT NULL)
      UNION ALL SELECT datname FROM pg_database WHERE datname = 'guarded' AND (datdba <> 'ditto'::regrole OR datacl IS NOT NULL)`;
    expect(await query(copy.connection_string, foreign)).toEqual([]);
  });
});
