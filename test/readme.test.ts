import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { Client } from "pg";
import { commonFlags } from "../lib/kit/args.ts";
import { loadConfig } from "../lib/kit/config.ts";
import { normalised, play, readBlocks } from "./live/support/console.ts";
import { makeProject, type Project } from "./live/support/project.ts";
import { readProvisioned } from "./provision/report.ts";

setDefaultTimeout(300_000);

const ROOT = resolve(import.meta.dir, "..");
const readme = await Bun.file(join(ROOT, "README.md")).text();
const manifest = await Bun.file(join(ROOT, "package.json")).json();

interface Script {
  name: string;
  help: string;
  flags: string[];
}

const scripts: Script[] = await Promise.all(
  [...new Bun.Glob("scripts/*.ts").scanSync({ cwd: ROOT })].sort().map(async (path) => {
    const text = await Bun.file(join(ROOT, path)).text();
    const end = text.indexOf("*/");
    return { name: basename(path, ".ts"), help: text.slice(0, end), flags: declaredFlags(text.slice(end)) };
  }),
);

/** The names in every `flags({ … })` of a script. */
function declaredFlags(code: string): string[] {
  const found = [...code.matchAll(/flags\(\{([\s\S]*?)\n?\}\);/g)].flatMap(([, body = ""]) =>
    [...body.matchAll(/(?:^|[{,])\s*"?([a-z][a-z-]*)"?: \{ type:/gm)].map(([, name = ""]) => name),
  );
  return [...new Set(found)].sort();
}

function mentionedFlags(text: string): string[] {
  return [...new Set([...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name = ""]) => name))].sort();
}

/** The part of the README about a script: under a heading `### name.ts`. */
function sectionOf(name: string): string {
  const from = readme.indexOf(`\n### ${name}.ts`);
  if (from < 0) return "";
  const to = readme.slice(from + 1).search(/^##/m);
  const next = readme.slice(from + 5).search(/^###? /m);
  return readme.slice(from, next < 0 ? undefined : from + 5 + Math.max(to - 5, next));
}

const common = Object.keys(commonFlags).sort();

for (const { name, help, flags } of scripts) {
  test(`the header of ${name}.ts names the flags that its code takes, and no others`, () => {
    expect(mentionedFlags(help)).toEqual([...new Set([...flags, ...common])].sort());
  });

  test(`the README names the flags of ${name}.ts, and no others`, () => {
    const section = sectionOf(name);
    expect(section).not.toBe("");
    // What a shown command passes to another program, or to another script, is not its own.
    const others = new RegExp(`bun scripts/(?!${name}\\.)\\w+\\.ts[^"\`\\n]*`, "g");
    const said = section.replace(/ -- .*/g, "").replace(others, "");
    const own = mentionedFlags(said).filter((flag) => !common.includes(flag));
    expect(own).toEqual(flags);
  });
}

test("the README names the flags that all scripts take", () => {
  const all = readme.slice(readme.indexOf("## The scripts"), readme.indexOf("### "));
  expect(mentionedFlags(all)).toEqual(common);
});

test("the README's commands are pinned to the tested Bun", () => {
  expect(new Set(readme.match(/bun@[\d.]+\d/g))).toEqual(new Set([manifest.packageManager]));
});

test("every dependency is in the README's table, with its reason", () => {
  const table = readme.slice(readme.indexOf("## Dependencies"), readme.indexOf("## Contributing"));
  const missing = Object.keys(manifest.dependencies).filter((name) => !table.includes(`[${name}]`));
  expect(missing).toEqual([]);
});

test("the README links to nothing that is not there", () => {
  const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, target = ""]) => target);
  const missing = [];
  for (const target of targets) if (!existsSync(join(ROOT, target))) missing.push(target);
  expect(missing).toEqual([]);
});

const schema = await Bun.file(join(ROOT, "templates/schema.json")).json();

/** Whether the schema of ditto.yaml has a key such as `dump.keep`; `sources.NAME` stands for any name. */
function isKey(path: string): boolean {
  type Node = { properties?: Record<string, Node>; additionalProperties?: Node };
  const [first = "", ...rest] = path.split(".");
  const node = (schema as Node).properties?.[first];
  if (rest.length === 0) return node !== undefined;
  return (node?.properties?.[rest[0] ?? ""] ?? node?.additionalProperties) !== undefined;
}

test("the README's table of keys names keys that there are", () => {
  const table = readme.slice(readme.indexOf("## Configuration"), readme.indexOf("## What you can"));
  const keys = [...table.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell = ""]) => {
    const names = [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);
    const prefix = names[0]?.includes(".") ? `${names[0].split(".")[0]}.` : "";
    return names.map((name) => (name.includes(".") ? name : `${prefix}${name}`));
  });
  expect(keys.length).toBeGreaterThan(35);
  expect(keys.filter((key) => !isKey(key))).toEqual([]);
});

test("the example of ditto.yaml is valid as it is, and with all that it shows", async () => {
  const text = await Bun.file(join(ROOT, "templates/ditto.yaml")).text();
  const everything = text.replace(/^( *)#(?=[^\s#])/gm, "$1");
  expect(everything).not.toBe(text);
  const folder = mkdtempSync(join(tmpdir(), "ditto-yaml-"));
  try {
    for (const [name, content] of Object.entries({ plain: text, everything })) {
      await Bun.write(join(folder, `${name}.yaml`), content);
      const config = await loadConfig({ configPath: join(folder, `${name}.yaml`), env: {} });
      expect(config.source?.url).toStartWith("postgres://");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** `UPDATE_README=1` writes what the examples print into the README instead of comparing it. */
const updating = process.env.UPDATE_README === "1";
const found = readProvisioned();
const image = found.images["postgres:17"];
const missing =
  image === undefined ? found.docker.reason || "no image postgres:17" : Bun.which("psql") ? "" : "no psql";

describe.skipIf(missing !== "")(`the examples${missing && ` (${missing})`}`, () => {
  let source: Project;
  let shop: Project;
  let env: Record<string, string>;

  beforeAll(async () => {
    source = await makeProject({ runtime: "docker", copy: { image } });
    shop = await makeProject();
    env = await prepare(source, shop);
  });
  afterAll(async () => {
    await Promise.all([source?.remove(), shop?.remove()]);
  });

  test("they print what the README says", async () => {
    const played: { from: number; to: number; text: string }[] = [];
    for (const { from, to, entries } of readBlocks(readme)) {
      const outputs: string[] = [];
      for (const { command, output } of entries) {
        const run = await play(command, { cwd: shop.folder, env });
        const shown = withoutPlaces(run.output, shop);
        if (run.status !== 0) throw new Error(`"${command}" ended with ${run.status}:\n${shown}`);
        if (!updating) expect(`$ ${command}\n${normalised(shown)}`).toBe(`$ ${command}\n${normalised(output)}`);
        outputs.push(`$ ${command}\n${shown}${shown === "" ? "" : "\n"}`);
      }
      played.push({ from, to, text: outputs.join("") });
    }
    if (updating) await Bun.write(join(ROOT, "README.md"), spliced(played));
  });
});

/** A checkout with the README's own configuration, and a source that takes the place of the one in it. */
async function prepare(source: Project, shop: Project): Promise<Record<string, string>> {
  const file = join(ROOT, "templates/demo/shop-postgres.sql");
  await source.must("reseed", ["--from", file]);
  const { connection_string } = await source.json<{ connection_string: string }>("copy", ["create"]);
  const url = new URL(connection_string);
  await load(url.href, "CREATE DATABASE shop");
  url.pathname = "/shop";
  await load(url.href, await Bun.file(file).text());
  for (const name of ["scripts", "lib", "templates", "node_modules", "package.json"]) {
    symlinkSync(join(ROOT, name), join(shop.folder, name));
  }
  const configuration = [/```yaml\n( *project:[\s\S]*?)```/, /```yaml\n( *obfuscation:[\s\S]*?)```/].map(
    (block) => block.exec(readme)?.[1]?.replace(/^ {3}/gm, "") ?? "",
  );
  shop.write("ditto.yaml", configuration.join(""));
  const bin = join(shop.folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "bun"));
  chmodSync(bin, 0o755);
  return {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: join(shop.folder, "nobody"),
    DITTO_HOME: shop.home,
    DITTO_SOURCE_URL: url.href,
    DITTO_COPY__IMAGE: image ?? "",
    DITTO_OFFLINE: "1",
    DB_PASSWORD: "unused",
    NO_COLOR: "1",
    // The README is written at a desk, where a mask key is made on first use.
    CI: "",
    PAGER: "cat",
  };
}

async function load(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** What a reader's machine would show: no password, no temporary folder, and the image that the stand-in stands for. */
function withoutPlaces(output: string, shop: Project): string {
  return output
    .replace(/(ditto:)[^@\s]+@/g, "$1…@")
    .replaceAll(shop.home, "~/.ditto")
    .replaceAll(shop.folder, "~/shop")
    .replaceAll("ditto-test/", "");
}

function spliced(played: { from: number; to: number; text: string }[]): string {
  return played
    .toReversed()
    .reduce((text, { from, to, text: shown }) => text.slice(0, from) + shown + text.slice(to), readme);
}
