import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BaseRecord, writeBase } from "../../../lib/bases/catalogue.ts";
import { baseFor } from "../../../lib/copies/base-for.ts";
import type { Config } from "../../../lib/kit/config.ts";
import { profileOf } from "../../../lib/mask/profile.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { setEnvironment } from "../bases/environment.ts";

const KEY = "shop/app/none/2026-01-02T03-04-05-678Z.dump";
const RULES: Rule[] = [{ table: "people", column: "email", strategy: "redact" }];
const MASKED = profileOf(RULES);

let home: string;
let restore: () => void;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ditto-base-for-"));
  restore = setEnvironment({ DITTO_HOME: home });
});
afterEach(() => {
  restore();
  rmSync(home, { recursive: true });
});

function made(id: string, facts: Partial<BaseRecord>): Promise<void> {
  const base = { id, project: "shop", source: "default", profile: "none", engine: "postgres", raw: false, dumpKey: "" };
  return writeBase({ ...base, frozen: { reference: id }, ...facts } as BaseRecord);
}

/** The base's id, or the error's code. */
async function chosen(rules: Rule[], flags: { raw?: boolean; obfuscate?: boolean } = {}): Promise<string> {
  const config = { project: "shop", sourceName: "default", obfuscation: { rules }, dump: { store: home } };
  const base = baseFor(config as unknown as Config, { dump: KEY, ...flags }, () => {});
  return base.then(({ id }) => id).catch(({ code }) => code);
}

test("a dump that was made before there were rules is no copy's until somebody says how", async () => {
  await made("01a", { dumpKey: KEY });
  expect(await chosen([])).toBe("01a");
  expect(await chosen(RULES)).toBe("RAW_OR_OBFUSCATE");
  expect(await chosen(RULES, { raw: true })).toBe("01a");
});

test("--obfuscate never takes the unmasked base of a dump", async () => {
  await made("01a", { dumpKey: KEY });
  // It is masked now, for which the dump would be needed.
  expect(await chosen(RULES, { obfuscate: true })).toBe("DUMP_MISSING");
  await made("01b", { dumpKey: KEY, profile: MASKED });
  expect(await chosen(RULES, { obfuscate: true })).toBe("01b");
  expect(await chosen(RULES)).toBe("01b");
});
