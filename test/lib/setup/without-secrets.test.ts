import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redact } from "../../../lib/kit/errors.ts";
import { type PlannedFiles, planFiles } from "../../../lib/setup/files.ts";
import { withoutSecrets } from "../../../lib/setup/without-secrets.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-diff-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const inSource = (line: string) => `source:\n  ${line}\n`;

test.each([
  ['password: "my secret pass"', "password: ***"],
  ['password: "ab,cd#ef"', "password: ***"],
  ["password: 'it''s mine'", "password: ***"],
  ["password: abc #def", "password: *** #***"],
  ["password: #hunter2", "password: #***"],
  ["password: &hunter2", "password: ***"],
  ["password: !hunter2 x", "password: ***"],
  ["password: {hunter2}", "password: {***}"],
  ["password: |-\n    first line\n    second", "password: ***\n    ***\n    ***"],
  ["{ host: db, password: 12345 }", "{ host: db, password: *** }"],
  ["password_secret: hunter2", "password_secret: ***"],
  ["webhook_url: https://hooks.test/T0/abc", "webhook_url: ***"],
  ["exec: curl -H 'X-Token abc' https://x.test", "exec: ***"],
  ["url: postgres://u:pa@ss@h/db", "url: postgres://u:***@h/db"],
  ["url: postgres://u:pa:s/s?#@h/db", "url: postgres://u:***@h/db"],
  ["url: postgres://h/db?password=hunter2&sslmode=require", "url: postgres://h/db?password=***&sslmode=require"],
  ["url: jdbc:postgresql:app?user=ann&password=a;b", "url: jdbc:postgresql:app?user=ann&password=***"],
  ['url: "postgres://u:p\\x40ss\\x40h/db"', "url: ***"],
  ["url: shop:hunter2@tcp(h:3306)/db", "url: shop:***@tcp(h:3306)/db"],
  ["#password: my secret pass", "#password: ***"],
  ["# DITTO_SOURCE__PASSWORD=hunter2 bun reseed.ts", "# DITTO_SOURCE__PASSWORD=***"],
  ["# postgres://ann:hunter2@db/shop", "# postgres://ann:***"],
])("%s is shown as %s", (line, shown) => {
  expect(withoutSecrets(inSource(line))).toBe(inSource(shown));
});

test.each([
  ...["password_secret: env:DB_PASSWORD", "password_secret: cmd:pass show 'a b'", "password_secret: file:~/p # mine"],
  ...["password_secret: arn:aws:secretsmanager:eu-west-1:1:secret:x#y", "url: postgres://ann@db:5432/shop"],
  ...["url: env:SHOP_URL", 'password: ""', "env: { DB_PASSWORD: password }", "store: s3://bucket/dumps"],
  ...["tunnel: ssh -N -L {local_port}:{host}:{port} ann@bastion", "#password_secret: env:DB_PASSWORD"],
  ...["# This makes the file a secret: keep it out of git.", "# Where the password is: env:NAME, file:/path"],
])("%s is shown as it is", (line) => {
  expect(withoutSecrets(inSource(line))).toBe(inSource(line));
});

test("a password that stands behind an anchor is hidden there, and wherever else it stands", () => {
  expect(withoutSecrets("x: &pw correct horse\nsource: { password: *pw }\n")).toBe(
    "x: &pw ***\nsource: { password: *pw }\n",
  );
  expect(redact("tunnel: sshpass -p 'correct horse' ssh")).toBe("tunnel: sshpass -p '***' ssh");
});

test("of what is no YAML nothing is known", () => {
  for (const text of ["password: @hunter2", "a: *hunter2", "password: a: b", "a: 1\n---\npassword: x\n"])
    expect(withoutSecrets(text)).toBeUndefined();
});

const planned = async (old: string): Promise<PlannedFiles> => {
  const path = join(folder, "ditto.yaml");
  writeFileSync(path, old);
  const answers = { project: "shop", sourceName: "default", rules: [], ttl: "2h", ports: "auto" };
  const rest = { runtime: "auto", storage: "auto", schedule: "never" } as const;
  return planFiles({ answers: { ...answers, ...rest }, secret: undefined, reached: undefined }, path);
};

test("setup's difference from a file with a password shows the line without it", async () => {
  const { diff } = await planned(
    'project: shop\nsource:\n  url: postgres://u:pa@ss@h/db\n  password: "my secret pass"\n',
  );
  expect(diff).toContain("-source:\n-  url: postgres://u:***@h/db\n-  password: ***\n");
  expect(diff).not.toMatch(/pa@ss|my secret/);
});

test("setup's difference from a file that can't be read shows nothing of it", async () => {
  const { diff } = await planned("source:\n  password: @hunter2\n");
  expect(diff).toContain("is no YAML that can be read");
  expect(diff).not.toContain("hunter2");
});
