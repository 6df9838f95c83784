import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceConfig } from "../../../lib/kit/config.ts";
import { redact } from "../../../lib/kit/errors.ts";
import { resolveSecret, resolveSource } from "../../../lib/kit/secrets.ts";

const work = mkdtempSync(join(tmpdir(), "ditto-secrets-"));
const path = process.env.PATH;
const argvFile = join(work, "argv");

beforeAll(() => {
  // A stand-in for AWS' tool, first on PATH, that writes down its argv.
  const aws = `#!/bin/sh\nprintf '%s\\n' "$@" > "${argvFile}"\nexec cat "${join(work, "answer")}"\n`;
  writeFileSync(join(work, "aws"), aws);
  chmodSync(join(work, "aws"), 0o755);
  process.env.PATH = `${work}:${path}`;
  process.env.SECRETS_TEST = "from/environment";
});
afterAll(() => {
  process.env.PATH = path;
  delete process.env.SECRETS_TEST;
  rmSync(work, { recursive: true });
});

function file(name: string, text: string): string {
  writeFileSync(join(work, name), text);
  return join(work, name);
}

describe("a secret", () => {
  test("comes from a variable, a file without its last newline, or a command", async () => {
    expect(await resolveSecret("env:SECRETS_TEST")).toBe("from/environment");
    expect(await resolveSecret(`file:${file("a", " two words \n")}`)).toBe(" two words ");
    expect(await resolveSecret(`file:${file("b", "x\ny\r\n")}`)).toBe("x\ny");
    expect(await resolveSecret("cmd:printf 'a b\\n' | tr a c")).toBe("c b");
  });

  test("is blanked out of everything shown from then on", async () => {
    await resolveSecret("env:SECRETS_TEST");
    expect(redact("x from/environment y from%2Fenvironment z")).toBe("x *** y *** z");
  });

  test("is asked of AWS' own tool, without a shell, and a field is taken out of its JSON", async () => {
    const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db; touch x-AbCdEf";
    file("answer", JSON.stringify(JSON.stringify({ username: "u", password: "aws-secret", port: 5432 })));
    expect(await resolveSecret(`${arn}#password`)).toBe("aws-secret");
    const argv = await Bun.file(argvFile).text();
    expect(argv.split("\n").slice(0, 4)).toEqual(["secretsmanager", "get-secret-value", "--secret-id", arn]);
    expect(argv).toContain("--region\neu-central-1\n");
    expect(resolveSecret(`${arn}#pasword`)).rejects.toThrow('it has no field "pasword"');
    expect(resolveSecret(arn)).rejects.toThrow("several fields");
    file("answer", JSON.stringify("plain-secret"));
    expect(await resolveSecret(arn)).toBe("plain-secret");
  });

  test.each([
    ["env:SECRETS_TEST_NONE", "the variable is not set"],
    ["file:/no/such/file", "there is no such file"],
    ["cmd:echo because >&2; exit 3", "exit status 3: because"],
    ["cmd:true", "the command printed nothing"],
    ["hunter2", "not written as a reference"],
  ])("%s fails with the reason", async (reference, reason) => {
    expect(resolveSecret(reference)).rejects.toThrow(reason);
  });

  test("that is no reference is not repeated", async () => {
    const error = await resolveSecret("hunter2").catch((thrown: Error) => thrown);
    expect(String(error)).not.toContain("hunter2");
  });

  test("of a file in the home folder may begin with ~", async () => {
    expect(resolveSecret("file:~/no-such-file-of-ditto")).rejects.toThrow("~/no-such-file-of-ditto");
    expect(homedir()).not.toBe("");
  });
});

const empty: SourceConfig = {
  url: "",
  engine: "",
  host: "",
  port: 0,
  database: "",
  user: "",
  password: "",
  password_secret: "",
  tls: { mode: "", ca: "", cert: "", key: "", server_name: "" },
  tunnel: "",
  lock_wait: 10,
  on_block: "abort",
  max_duration: 10_800,
  env: { DATABASE_URL: "url" },
};

describe("a source", () => {
  test("is its URL, its password from elsewhere, and the TLS of the configuration", async () => {
    const tls = { ...empty.tls, mode: "verify-full" as const, ca: "/ca.pem" };
    const source = { ...empty, url: "postgres://u@h/db?sslmode=require", password_secret: "env:SECRETS_TEST", tls };
    expect(await resolveSource(source)).toMatchObject({
      user: "u",
      password: "from/environment",
      params: { sslmode: "verify-full", sslrootcert: "/ca.pem" },
    });
  });

  test("may have its URL from a reference", async () => {
    const source = { ...empty, url: "cmd:echo mysql://u:pw12@h:3307/db" };
    expect(await resolveSource(source)).toMatchObject({ engine: "mysql", port: 3307, password: "pw12" });
    expect(redact("pw12")).toBe("***");
  });

  test("may be written as fields, which also change single parts of a URL", async () => {
    const fields = { ...empty, engine: "mariadb" as const, host: "h", user: "u", password: "hunter22", database: "db" };
    expect(await resolveSource(fields)).toMatchObject({
      engine: "mysql",
      flavourHint: "mariadb",
      port: 3306,
      host: "h",
    });
    expect(await resolveSource({ ...empty, engine: "postgresql", host: "/run/pg" })).toMatchObject({
      engine: "postgres",
      socket: "/run/pg",
    });
    expect(await resolveSource({ ...empty, url: "postgres://u@h/db", port: 6000 })).toMatchObject({
      host: "h",
      port: 6000,
    });
  });

  test("without a URL and without an engine is refused", async () => {
    expect(resolveSource(empty)).rejects.toThrow("neither a url nor an engine");
    expect(resolveSource({ ...empty, url: "sqlite:x.db" })).rejects.toThrow("SQLite");
  });
});
