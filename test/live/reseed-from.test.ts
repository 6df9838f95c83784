import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { must } from "../provision/exec.ts";
import type { Source } from "../provision/sources.ts";
import { soak } from "./support/ground.ts";
import {
  contentsOf,
  copyTools,
  loadFixture,
  missingPostgres,
  postgresImage,
  query,
  schemaOf,
  sharedSource,
  sourceTools,
  urlTo,
} from "./support/postgres.ts";
import { makeProject, type Outcome, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const missing = missingPostgres("17");

describe.skipIf(missing !== undefined)(`reseed --from${missing ? ` (${missing})` : ""}`, () => {
  let source: Source;
  let project: Project;
  const image = postgresImage("17");

  beforeAll(async () => {
    source = await sharedSource("17");
    await source
      .sql('CREATE ROLE stranger; CREATE ROLE "other Stranger"; CREATE ROLE torture_owner', "postgres")
      .catch(() => {});
    await loadFixture(source, "torture", "files", "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C' LC_CTYPE 'C'");
    await loadFixture(source, "strangers", "strange");
    project = await makeProject({ copy: { image, side_effects: "keep" }, dump: { keep_bases: 1 } });
  });
  afterAll(() => project?.remove());

  /** pg_dump's output of one of the databases; a folder comes as one. */
  async function dumped(name: string, database: string, ...args: string[]): Promise<string> {
    const inside = `/tmp/${name}`;
    await must([
      "docker",
      "exec",
      source.containerName,
      "pg_dump",
      "-U",
      "postgres",
      "-d",
      database,
      "-f",
      inside,
      ...args,
    ]);
    await must(["docker", "cp", `${source.containerName}:${inside}`, join(project.folder, name)]);
    return join(project.folder, name);
  }

  async function copyFrom(file: string, ...args: string[]): Promise<{ id: string; connection_string: string }> {
    await project.must("reseed", ["--from", file, ...args]);
    return project.json("copy", ["create"]);
  }

  test("a dump of the custom format is the database again, with its locale, settings and comment", async () => {
    const copy = await copyFrom(await dumped("all.custom", "files", "-Fc"));
    expect(await contentsOf(copy.connection_string)).toEqual(await contentsOf(urlTo(source, "files")));
    expect(await schemaOf(copyTools(copy), "files")).toBe(await schemaOf(sourceTools(source), "files"));
  });

  test("plain SQL, compressed, of owners and grantees that nobody knows: nothing of them is left but what policies need", async () => {
    const plain = await dumped("strange.sql", "strange", "--create");
    const copy = await copyFrom(project.write("strange.sql.gz", gzipSync(readFileSync(plain))));
    expect(await contentsOf(copy.connection_string)).toEqual(await contentsOf(urlTo(source, "strange")));
    expect(await schemaOf(copyTools(copy), "strange")).toBe(await schemaOf(sourceTools(source), "strange"));
    const roles = await query(
      copy.connection_string,
      "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname !~ '^(pg_|ditto$)'",
    );
    expect(roles).toEqual([{ rolname: "other Stranger", rolcanlogin: false }]);
  });

  test("a folder of pg_dump's, with roles: keep, keeps owners and grants", async () => {
    project.configure({ copy: { image, side_effects: "keep" }, dump: { roles: "keep", keep_bases: 1 } });
    const copy = await copyFrom(await dumped("strange.dir", "strange", "-Fd", "-j2"));
    project.configure({ copy: { image, side_effects: "keep" }, dump: { keep_bases: 1 } });
    expect(await schemaOf(copyTools(copy), "strange", true)).toBe(await schemaOf(sourceTools(source), "strange", true));
  });

  test("SQL that somebody wrote by hand gets the name of the configured source's database", async () => {
    const text =
      "create table t(x text);\ninsert into t values ('\\c nothing\n\\connect nowhere\nit''s');\n-- no line end";
    project.configure({
      copy: { image, side_effects: "keep" },
      source: { url: "postgres://nobody@localhost/handmade" },
      dump: { keep_bases: 1 },
    });
    const copy = await copyFrom(project.write("hand.sql.zst", zstdCompressSync(text)));
    project.configure({ copy: { image, side_effects: "keep" }, dump: { keep_bases: 1 } });
    expect(copy.connection_string).toEndWith("/handmade");
    expect(await query(copy.connection_string, "SELECT * FROM t")).toEqual([
      { x: "\\c nothing\n\\connect nowhere\nit's" },
    ]);
  });

  test("the newest dump of the store, or one by its key, is the base that it was made from", async () => {
    const base = await project.json<{ dump_key: string; rows: number }>("reseed", ["--from", "store", "--rebuild"]);
    const again = await project.json<{ rows: number; database: string }>("reseed", [
      "--from",
      base.dump_key,
      "--rebuild",
    ]);
    expect(again).toMatchObject({ rows: 1, database: "handmade" });
  });

  /** A file that must not become a base: nothing changes and nothing is left behind. */
  async function refused(
    file: string,
    ...args: string[]
  ): Promise<Outcome & { error: { code: string; message: string; hint: string } }> {
    const before = await project.belongings();
    const outcome = await project.run("reseed", ["--json", "--from", file, ...args], { timeoutMs: 60_000 });
    expect(await project.belongings()).toEqual(before);
    return { ...outcome, ...JSON.parse(outcome.stdout) };
  }

  const MYSQL =
    "-- MySQL dump 10.13  Distrib 9.7.0, for Linux (x86_64)\n--\n-- Host: localhost    Database: shop\n-- Server version\t9.7.0\nCREATE TABLE `a` (`b` int);\n";
  const foreign: [title: string, name: string, content: string | Uint8Array, code: string][] = [
    ["an empty file", "empty.sql", "", "DUMP_EMPTY"],
    ["a file of blanks", "blank.sql", "\n  \n", "DUMP_EMPTY"],
    ["an empty compressed file", "empty.sql.gz", gzipSync(""), "DUMP_EMPTY"],
    ["a picture", "cat.png", new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]), "DUMP_FOREIGN"],
    [
      "a dump of a whole server",
      "cluster.sql",
      "--\n-- PostgreSQL database cluster dump\n--\nSET x = 1;\n",
      "DUMP_FOREIGN",
    ],
    ["the beginning of a custom dump", "head.custom", "PGDMP\u0001\u0010\u0000\u0004\b", "DUMP_DAMAGED"],
    ["a MySQL dump for an image of Postgres", "mysql.sql", MYSQL, "ENGINE_MISMATCH"],
  ];
  for (const [title, name, content, code] of foreign) {
    test(`${title} is refused at once`, async () => {
      const { status, error } = await refused(project.write(name, content));
      expect(error).toMatchObject({ code });
      expect(error.hint).not.toBe("");
      expect(status).toBe(code === "ENGINE_MISMATCH" ? 2 : 1);
    });
  }

  test("a MySQL dump for a source of Postgres, a folder of no dump, a missing file and SQL for no known server are refused", async () => {
    mkdirSync(join(project.folder, "folder"));
    expect((await refused("folder")).error.code).toBe("DUMP_FOREIGN");
    expect((await refused("nowhere.sql")).error.code).toBe("DUMP_MISSING");
    expect((await refused("s3://bucket/key.dump")).error.code).toBe("S3_CREDENTIALS");
    expect((await refused("http://example.com/key.dump")).status).toBe(2);
    project.configure({ source: { url: "postgres://a@b/c" } });
    expect((await refused(project.write("mysql.sql", MYSQL))).error.code).toBe("ENGINE_MISMATCH");
    project.configure({});
    expect((await refused(project.write("any.sql", "create table t(x int);"))).error.code).toBe("ENGINE_UNKNOWN");
    project.configure({ copy: { image, side_effects: "keep" }, dump: { keep_bases: 1 } });
  });

  test("a dump that is not the one of its manifest is refused", async () => {
    const [file = ""] = project.files().filter((name) => name.endsWith(".dump"));
    const path = join(project.home, file);
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole.subarray(0, -1), Buffer.from([whole.at(-1) === 0 ? 1 : 0])]));
    expect((await refused(file.replace(/^dumps\//, ""))).error.code).toBe("CHECKSUM_MISMATCH");
    writeFileSync(path, whole);
  });

  test("a dump that was cut off is refused, whatever its form", async () => {
    const cut = (name: string, from: string | Uint8Array, bytes: number) => {
      const path = typeof from === "string" ? join(project.folder, name) : project.write(name, from);
      if (typeof from === "string") copyFileSync(from, path);
      truncateSync(path, bytes);
      return path;
    };
    const plain = readFileSync(await dumped("whole.sql", "strange"));
    const custom = await dumped("whole.custom", "files", "-Fc");
    const sizes = {
      sql: plain.length - 200,
      gz: gzipSync(plain).length - 200,
      zst: zstdCompressSync(plain).length - 200,
    };
    expect((await refused(cut("cut.sql", plain, sizes.sql))).error).toMatchObject({ code: "DUMP_DAMAGED" });
    expect((await refused(cut("cut.sql.gz", gzipSync(plain), sizes.gz))).error).toMatchObject({ code: "DUMP_DAMAGED" });
    expect((await refused(cut("cut.sql.zst", zstdCompressSync(plain), sizes.zst))).error).toMatchObject({
      code: "DUMP_DAMAGED",
    });
    expect((await refused(cut("cut.custom", custom, 100_000))).error).toMatchObject({
      code: "DUMP_DAMAGED",
    });
  });

  // Whatever of these ran would run for longer than the test waits.
  const commands = ["\\! sleep 4242", "\\copy t from program 'sleep 4242'", "SELECT 1 \\g |sleep 4242"];
  for (const command of soak ? commands : commands.slice(0, 2)) {
    test(`a file can't make the client do anything: ${command}`, async () => {
      const { error, status } = await refused(project.write("meta.sql", `create table t(x int);\n\n${command}\n`));
      expect(error.message).toContain("meta.sql, line 3: it failed (backslash commands are restricted");
      expect(status).toBe(1);
    });
  }

  test("a statement that fails is named by its line, without the values in it", async () => {
    const text =
      "create table t(x int primary key, secret text);\ninsert into t values (1, 'hush-hush');\ninsert into t values (1, 'hush-hush');\n";
    const outcome = await refused(project.write("twice.sql", text), "--verbose");
    expect(outcome.error.message).toContain(
      "twice.sql, line 3: it failed (SQLSTATE 23505, two rows have the same key)",
    );
    expect(outcome.stdout + outcome.stderr).not.toContain("hush");
  });
});
