import { expect, test } from "bun:test";
import { mysql } from "../../../../lib/engine/mysql/index.ts";
import { cachingSha2Verifier, nativeVerifier } from "../../../../lib/engine/mysql/password.ts";
import { quoteAccount, quoteIdentifier, quoteLiteral, quoteQualified } from "../../../../lib/engine/mysql/quote.ts";
import { settingsFromTraits } from "../../../../lib/engine/mysql/settings.ts";
import { atLeast, majorMinorOf, parseServerVersion, parseToolVersion } from "../../../../lib/engine/mysql/version.ts";

const place = { directory: "/it's here", run: "/it's here/run" };
const server = { flavour: "mysql", version: "9.7.4" } as const;
const maria = { flavour: "mariadb", version: "11.8.3" } as const;

test("identifiers are quoted whatever they hold", () => {
  expect(quoteIdentifier("a`b")).toBe("`a``b`");
  expect(quoteQualified({ schema: "s.x", name: 'n"' })).toBe('`s.x`.`n"`');
});

test("values are quoted whatever they hold", () => {
  expect(quoteLiteral("it's \\ a\nline\0")).toBe("'it''s \\\\ a\\nline\\0'");
  expect(quoteAccount("o'neil")).toBe("'o''neil'@'%'");
});

test("passwords are stored as each plugin has them", () => {
  // SELECT PASSWORD('secret') of MariaDB; openssl passwd -5 for SHA-crypt.
  expect(nativeVerifier("secret")).toBe("*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
  expect(cachingSha2Verifier("hello/wörld", "abcdefghij012345")).toBe(
    "$A$005$abcdefghij0123451fixQZLvjZPiE8ZBmQXR3p.UJosaRPdi0brpWdIf8K.",
  );
  expect(cachingSha2Verifier("x")).toMatch(/^\$A\$005\$[0-9A-Za-z]{20}[./0-9A-Za-z]{43}$/);
});

test("versions are read in every form that servers give them", () => {
  expect(parseServerVersion("9.7.4-2")).toEqual({ flavour: "mysql", version: "9.7.4" });
  expect(parseServerVersion("5.5.5-10.11.6-MariaDB-1:10.11.6+maria~ubu2204")).toEqual({
    flavour: "mariadb",
    version: "10.11.6",
  });
  expect(parseServerVersion("8.0.36", "MariaDB Server")).toEqual({ flavour: "mariadb", version: "8.0.36" });
  expect(parseServerVersion("mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)").version).toBe(
    "8.4.2",
  );
  expect(majorMinorOf(maria)).toBe("11.8");
  expect(atLeast({ flavour: "mysql", version: "8.0.30" }, "8.0.9")).toBe(true);
  expect(atLeast({ flavour: "mysql", version: "8.0.30" }, "8.1")).toBe(false);
});

test("a tool's version is its own, not that of its protocol", () => {
  const versions = {
    "mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))": "mysql 9.7.4",
    "mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)": "mysql 5.7.44",
    "mysqldump  Ver 10.19 Distrib 10.6.12-MariaDB, for debian-linux-gnu (x86_64)": "mariadb 10.6.12",
    "mariadb-dump from 11.8.3-MariaDB, client 10.19 for debian-linux-gnu (x86_64)": "mariadb 11.8.3",
  };
  for (const [text, wanted] of Object.entries(versions)) {
    const { flavour, version } = parseToolVersion(text);
    expect(`${flavour} ${version}`).toBe(wanted);
  }
});

test("the official image of a version is named", () => {
  expect(mysql.image(server)).toBe("mysql:9.7");
  expect(mysql.image(maria)).toBe("mariadb:11.8");
});

test("start.sql has a statement a line and no password", () => {
  for (const flavour of [server, maria]) {
    const text = mysql.startSql({ user: "ditto", password: "the-password", database: "shop", server: flavour });
    expect(text).not.toContain("the-password");
    expect(
      text
        .trimEnd()
        .split("\n")
        .every((line) => line.endsWith(";")),
    ).toBe(true);
  }
});

test("a copy's server opens its port, a build's only its socket", () => {
  const options = { place, server, settings: { sql_mode: "" } };
  const copy = mysql.serveScript({ ...options, purpose: "copy", port: 3306, listen: "*" });
  expect(copy).toContain("'--port=3306' '--bind-address=*'");
  expect(copy).toContain("'--datadir=/it'\\''s here/data'");
  expect(copy).toContain("'--sql_mode='");
  const build = mysql.serveScript({ ...options, purpose: "build", port: undefined, listen: "" });
  expect(build).toContain("'--skip-networking'");
  expect(build).not.toContain("--port");
});

test("settings of the user's come last", () => {
  const script = mysql.serveScript({
    place,
    server,
    purpose: "copy",
    port: 1,
    listen: "*",
    settings: { event_scheduler: "ON", innodb_buffer_pool_size: "1G" },
  });
  expect(script).toContain("--event_scheduler=ON");
  expect(script).not.toContain("--event_scheduler=OFF");
  expect(script).toContain("--innodb_buffer_pool_size=1G");
});

test("traits become settings under the options' names", () => {
  const traits = {
    sql_mode: "",
    time_zone: "Europe/Berlin",
    tx_isolation: "READ-COMMITTED",
    collations: "x",
    read_only: "ON",
  };
  expect(settingsFromTraits(traits)).toEqual({
    sql_mode: "",
    default_time_zone: "Europe/Berlin",
    transaction_isolation: "READ-COMMITTED",
  });
  expect(settingsFromTraits({ time_zone: "SYSTEM" })).toEqual({});
});

test("a client for SQL from files knows no commands and no local files", () => {
  const { args } = mysql.adminClient(place, "shop", server);
  expect(args[0]).toBe("--no-defaults");
  expect(args).toContain("--binary-mode");
  expect(args).toContain("--local-infile=0");
});

test("a person's client has the password in its environment only", () => {
  const access = {
    engine: "mysql" as const,
    host: "h",
    port: 1,
    user: "u",
    password: "pw",
    database: "d",
    params: {},
    dropped: [],
  };
  const { args, env } = mysql.userClient(access, maria, "SELECT 1");
  expect(args.join(" ")).not.toContain("pw");
  expect(env).toEqual({ MYSQL_PWD: "pw" });
  expect(args).toContain("--skip-ssl-verify-server-cert");
});
