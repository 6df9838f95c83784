import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findDump } from "../../../lib/bases/from.ts";
import type { Config } from "../../../lib/kit/config.ts";
import { profileOf } from "../../../lib/mask/profile.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { manifestOf } from "./dump-manifest.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-from-"));
afterAll(() => rmSync(folder, { recursive: true }));

const RULES: Rule[] = [{ table: "people", column: "email", strategy: "redact" }];

const DUMP = { tables: [], exclude_tables: [], exclude_table_data: [], rows: {}, exclude_extensions: "auto" };

/** What is said of a dump with this profile where these rules are configured. */
async function saidOf(profile: string, rules: Rule[]): Promise<string[]> {
  const said: string[] = [];
  const file = join(folder, "shop.sql");
  const sql = "create table t(x int);\n";
  writeFileSync(file, sql);
  writeFileSync(`${file}.json`, JSON.stringify({ ...manifestOf(Buffer.from(sql), 1), profile }));
  const config = { source: undefined, dump: DUMP, obfuscation: { rules } } as unknown as Config;
  await findDump(config, file, { say: (text) => said.push(text), staged: false, onDisk: false });
  return said;
}

test("a dump that other rules masked is said to be none that create takes by itself", async () => {
  expect(await saidOf("0a1b2c3d", RULES)).toEqual([expect.stringContaining("masked by other rules")]);
  for (const profile of ["none", profileOf(RULES)]) expect(await saidOf(profile, RULES)).toEqual([]);
  expect(await saidOf("0a1b2c3d", [])).toEqual([]);
});
