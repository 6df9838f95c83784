import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { serversToTry } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";

setDefaultTimeout(300_000);

interface Compared {
  type: string;
  /** Names that it compares otherwise than any of the kind that pseudonyms follow. */
  except?: RegExp;
}

/** An accent of its own is the same text to a mask, and to bytes another. */
const BYTES = /\u0301/;
/** To most collations nothing is there. */
const INVISIBLE = /\u200d/;
/** Before UCA 9 all emoji are one letter, and strokes and the Latin alpha make letters of their own. */
const OLDER = /😀|😁|ł|ø|ɑ/iu;

const collated = (names: string[], prefix: string, except?: RegExp): Compared[] =>
  names.map((name) => ({ type: `varchar(60) COLLATE utf8mb4_${prefix}${name}`, ...(except ? { except } : {}) }));

/** Types of text columns, by how they compare, from exact to not caring for case and accents. */
const SERVERS: { engine: "postgres" | "mysql" | "mariadb"; version: string; before: string; types: Compared[] }[] = [
  {
    engine: "postgres",
    version: "17",
    before: `CREATE EXTENSION citext;
      CREATE COLLATION ai_ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
      CREATE COLLATION as_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`,
    types: [
      ...["text", 'text COLLATE "C"', "char(60)"].map((type) => ({ type, except: BYTES })),
      // Lower case of İ is glibc's matter.
      { type: "citext", except: /\u0301|İ/ },
      ...["ai_ci", "as_ci"].map((name) => ({ type: `text COLLATE ${name}` })),
      { type: "varchar(60) COLLATE ai_ci" },
    ],
  },
  {
    engine: "mysql",
    version: "9.7",
    before: "",
    types: [
      ...collated(["ai_ci", "as_ci"], "0900_"),
      ...collated(["as_cs"], "0900_", INVISIBLE),
      ...collated(["bin", "0900_bin"], "", BYTES),
      ...collated(["unicode_ci"], "", OLDER),
    ],
  },
  {
    engine: "mariadb",
    version: "11.8",
    before: "",
    types: [
      ...collated(["ai_ci", "as_ci", "nopad_ai_ci"], "uca1400_"),
      ...collated(["as_cs"], "uca1400_", INVISIBLE),
      ...collated(["bin"], "", BYTES),
      ...collated(["unicode_ci"], "", OLDER),
    ],
  },
];

const NAMES = [
  ...[
    "alice",
    "jose",
    "josé",
    "jose\u0301",
    "muller",
    "müller",
    "mueller",
    "strasse",
    "straße",
    "strase",
    "ɑlice",
    "istanbul",
    "ıstanbul",
    "İstanbul",
  ],
  ...[
    "ångström",
    "angstrom",
    "øre",
    "ore",
    "œuvre",
    "oeuvre",
    "smørrebrød",
    "naïve",
    "naive",
    "łódź",
    "lodz",
    "соня",
    "сонй",
    "соня\u0301",
  ],
  ...["かな", "カナ", "がな", "ｊｏｓｅ", "😀", "😁", "a\u200db", "ab", "o'brien", "obrien", "a_b", "x"],
];
const SPELLINGS: ((name: string) => string)[] = [
  (name) => `${name}@corp.io`,
  (name) => `${name}@corp.io`.toUpperCase(),
  (name) => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}@Corp.io`,
  (name) => `${name}@corp.io `,
  (name) => ` ${name}@corp.io`,
];
const EMAILS = NAMES.flatMap((name) => SPELLINGS.map((spell) => spell(name)));

const { docker, images } = readProvisioned();

for (const { engine, version, before, types } of serversToTry(SERVERS, "mysql")) {
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`Joins over masked e-mails, ${engine}${missing ? ` (${missing})` : ""}`, () => {
    let source: Source;
    let project: Project;
    let copy: string;

    beforeAll(async () => {
      source = await startSource({ engine, version, name: "joins" });
      const values = EMAILS.map((email, id) => `(${id}, '${email.replaceAll("'", "''")}')`).join(", ");
      const tables = types.flatMap(({ type }, at) =>
        ["a", "b"].map(
          (side) =>
            `CREATE TABLE ${side}${at} (id int PRIMARY KEY, email ${type}); INSERT INTO ${side}${at} VALUES ${values};`,
        ),
      );
      await source.load({ text: [before, ...tables].join("\n") });
      project = await makeProject({
        source: { url: source.url },
        copy: { image },
        obfuscation: {
          unreviewed: "allow",
          rules: [
            ...types.map((_, at) => ({ table: `a${at}`, column: "email", strategy: "replace", type: "email" })),
            ...types.map((_, at) => ({
              table: `b${at}`,
              column: "email",
              strategy: "replace",
              same_as: `a${at}.email`,
            })),
          ],
        },
      });
      await project.must("reseed");
      copy = (await project.json<{ connection_string: string }>("copy", ["create"])).connection_string;
    });
    afterAll(async () => {
      await project?.remove();
      await source?.stop();
    });

    for (const [at, { type, except }] of types.entries()) {
      test(`${type}: the same rows as over the raw ones`, async () => {
        const sql = `SELECT a.id, b.id FROM a${at} a JOIN b${at} b ON a.email = b.email ORDER BY 1, 2`;
        const pairs = async (url: string) => {
          const found = (await rowsOf(url, sql)).map((ids) => ids.map((id) => EMAILS[Number(id)] as string));
          const known = found.filter((emails) => !emails.some((email) => except?.test(email)));
          return new Set(known.map(([a, b]) => `${a} = ${b}`));
        };
        const [raw, masked] = [await pairs(source.url), await pairs(copy)];
        expect(raw.size).toBeGreaterThan(EMAILS.length / 2);
        expect({ lost: [...raw.difference(masked)], made: [...masked.difference(raw)] }).toEqual({
          lost: [],
          made: [],
        });
      });
    }
  });
}
