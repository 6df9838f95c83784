import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { POOL_TOOLS, readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { type Needle, searchBytes, searchFiles } from "./support/byte-search.ts";
import { soak, testWhere } from "./support/ground.ts";
import {
  groundName,
  MARKER_GROUNDS,
  type MarkerGround,
  STORES,
  type Store,
  storesOf,
  toolOf,
  whyMissing,
  writtenSince,
} from "./support/marker-grounds.ts";
import { type Marker, type MarkerEngine, makeMarkers } from "./support/markers.ts";
import { makeProject, nativeRootOf, type Project } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(600_000);

/** By the store: which types' markers stand there. */
type Found = Record<Store, Set<string>>;

interface Scene {
  ground: MarkerGround;
  source: Source;
  image: string;
  markers: Marker[];
  needles: Needle[];
  /** A file as old as the scene. */
  moment: string;
}

for (const ground of soak ? MARKER_GROUNDS : MARKER_GROUNDS.slice(0, 1)) {
  const { engine } = ground;
  const missing = whyMissing(ground);
  const title = `Markers, ${groundName(ground)}${missing === undefined ? "" : ` (${missing})`}`;
  describe.skipIf(missing !== undefined)(title, () => {
    const undo: (() => Promise<unknown> | unknown)[] = [];
    afterAll(async () => {
      for (const step of undo.reverse()) await step();
    });

    test("of every masked type are nowhere, and raw ones everywhere", async () => {
      const scene = await setScene(ground, undo);
      const masked = await projectOf(scene, { rules: rulesOf(scene.markers) });
      await masked.must("reseed");
      const clean = await lookEverywhere(scene, masked);
      const raw = await projectOf(scene, { rules: [] });
      await raw.must("reseed");
      const uproot = await plant(scene, raw);
      const control = await lookEverywhere(scene, raw).finally(uproot);
      console.log(matrix(scene, clean, control));
      expect(Object.fromEntries(STORES.map((store) => [store, [...clean[store]]]))).toEqual(
        Object.fromEntries(STORES.map((store) => [store, []])),
      );
      const all = scene.markers.map(({ name }) => name);
      for (const store of ["dump", "base", "copy", "sql"] as const)
        expect({ store, unseen: all.filter((name) => !control[store].has(name)) }).toEqual({ store, unseen: [] });
      // A log keeps text alone.
      for (const store of ["home", "temp", "logs", "rest"] as const)
        expect({ store, seen: control[store].size > all.length / 2 }).toEqual({ store, seen: true });
    });

    test("are nowhere after a reseed that failed half way, and after one that was killed while rows were copied", async () => {
      const scene = await setScene(ground, undo, 30_000);
      // The tables come in the order of their size: the one with markers is copied before this one's row is refused.
      await scene.source.sql(
        "CREATE TABLE picky (id int PRIMARY KEY, mail varchar(60) NOT NULL, CHECK (mail LIKE '%corp.io' OR id < 0))",
      );
      await scene.source.sql("INSERT INTO picky VALUES (1, 'bob@corp.io')");
      const rules = rulesOf(scene.markers);
      const failing = await projectOf(scene, {
        rules: [...rules, { table: "picky", column: "mail", strategy: "replace", type: "email" }],
      });
      expect(await failing.run("reseed")).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/CHECK constraint/),
      });
      const slow = { rows: { markers: SLOW[engine] } };
      const killed = await projectOf(scene, { rules }, slow);
      expect(await aroundKill(scene, killed)).toEqual({ before: [], after: [] });
      const raw = await projectOf(scene, { rules: [] }, slow);
      const control = await aroundKill(scene, raw);
      const [all, before] = [scene.markers.length, control.before.length];
      console.log(
        `${groundName(ground)}, raw rows while copied: ${before} of ${all} types found; killed: ${control.after.length}`,
      );
      expect(before).toBeGreaterThan(all / 2);
    });

    testWhere(soak)("are nowhere after a kill when all rows were there, where raw ones stay", async () => {
      const scene = await setScene(ground, undo, 30_000);
      const masked = await projectOf(scene, { rules: rulesOf(scene.markers) });
      expect(await afterLateKill(scene, masked)).toEqual([]);
      const control = await afterLateKill(scene, await projectOf(scene, { rules: [] }));
      console.log(
        `${groundName(ground)}, raw and killed late: ${control.length} of ${scene.markers.length} types found`,
      );
      expect(control.length).toBeGreaterThan(scene.markers.length / 2);
    });

    async function projectOf(scene: Scene, obfuscation: object, dump: object = {}): Promise<Project> {
      const { runtime, storage } = ground;
      const project = await makeProject({
        source: { url: scene.source.url },
        runtime,
        ...(storage === "folder" ? {} : { storage, copy: { image: scene.image } }),
        obfuscation: { ...obfuscation, unreviewed: "allow" },
        dump,
      });
      undo.push(project.remove);
      if (storage === "pool") {
        await project.must("pool", ["create", "--size", "2G", "--tools-image", POOL_TOOLS]);
        undo.push(() => project.run("pool", ["delete", "--yes"]));
      }
      return project;
    }
  });
}

async function setScene(ground: MarkerGround, undo: (() => unknown)[], rows = 1_000): Promise<Scene> {
  const { engine, version } = ground;
  const moment = join(tmpdir(), `ditto-moment-${engine}-${process.pid}-${Date.now()}`);
  writeFileSync(moment, "");
  undo.push(() => rmSync(moment, { force: true }));
  // The host may lack the image's locale.
  const source = await startSource({ engine, version, name: "marker", initdbArgs: "--locale=C --encoding=UTF8" });
  undo.push(source.stop);
  const markers = makeMarkers(engine);
  const columns = markers.flatMap(({ name, type, values }) => values.map((_, at) => `${name}_${at + 1} ${type}`));
  if (engine === "postgres") await source.sql("CREATE EXTENSION citext");
  await source.load({
    text: `CREATE TABLE markers (id int PRIMARY KEY, filler varchar(1000), ${columns.join(", ")});
        INSERT INTO markers VALUES (1, 'x', ${markers.flatMap(({ values }) => values.map((value) => literal(engine, value))).join(", ")});
        INSERT INTO markers (id, filler) ${FILLER[engine](rows)};`,
  });
  const needles = markers.flatMap(({ name, forms }) => forms.map((bytes) => ({ name, bytes })));
  const image = readProvisioned().images[`${engine}:${version}` as ServerImage] as string;
  return { ground, source, image, markers, needles, moment };
}

const FILLER: Record<MarkerEngine, (rows: number) => string> = {
  postgres: (rows) => `SELECT n, repeat(md5(n::text), 30) FROM generate_series(2, ${rows}) n`,
  mysql: (rows) =>
    `WITH RECURSIVE r AS (SELECT 2 AS n UNION ALL SELECT /*+ SET_VAR(cte_max_recursion_depth = 1000000) */ n + 1 FROM r WHERE n < ${rows}) SELECT n, repeat(sha2(n, 256), 15) FROM r`,
  mariadb: (rows) => `SELECT seq, repeat(md5(seq), 30) FROM seq_2_to_${rows}`,
};

/** The last rows come slowly; what came before them is more than Postgres keeps to itself (a ring of 16 MB). */
const SLOW: Record<MarkerEngine, string> = {
  postgres: "CASE WHEN id > 29000 THEN pg_catalog.pg_sleep(0.05) IS NOT NULL ELSE true END",
  mysql: "CASE WHEN id > 29000 THEN sleep(0.05) = 0 ELSE true END",
  mariadb: "CASE WHEN id > 29000 THEN sleep(0.05) = 0 ELSE true END",
};

function literal(engine: MarkerEngine, value: string): string {
  return engine !== "postgres" && value.startsWith("\\x") ? `x'${value.slice(2)}'` : `'${value}'`;
}

function rulesOf(markers: Marker[]): object[] {
  return markers.flatMap(({ name, values, rule }) =>
    values.map((_, at) => ({ table: "markers", column: `${name}_${at + 1}`, ...rule })),
  );
}

/** A copy is made, its rows are read, so that what it changes of its files is there, and every place is searched. */
async function lookEverywhere(scene: Scene, project: Project): Promise<Found> {
  const { ground, moment, needles } = scene;
  const copy = await project.json<{ id: string; connection_string: string }>("copy", ["create"]);
  const found = Object.fromEntries(STORES.map((store) => [store, new Set<string>()])) as Found;
  for (const name of await typesInSql(scene, copy.connection_string)) found.sql.add(name);
  const storeOf = await storesOf(ground, project, { copyId: copy.id, base: baseOf(project) });
  for (const [name, at] of searchFiles(await writtenSince(moment, { ...scene, project }), needles))
    for (const file of at) found[storeOf(file)].add(name);
  for (const file of project.files().filter((path) => path.endsWith(".dump")))
    for (const name of searchBytes(await unpack(scene, join(project.home, file)), needles)) found.dump.add(name);
  return found;
}

/** What the runtime calls the base's data. */
function baseOf(project: Project): string {
  const [file = ""] = project.files().filter((path) => /^bases\/\w+\.json$/.test(path));
  const { frozen } = JSON.parse(readFileSync(join(project.home, file), "utf8")) as { frozen: { reference: string } };
  return frozen.reference;
}

/** Also what the copy changed of the base's own files. */
async function typesInSql({ markers }: Scene, url: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name, values } of markers) {
    for (const [at, value] of values.entries()) {
      const column = `${name}_${at + 1}`;
      const binary = /blobs|binaries/.test(name);
      const shown = url.startsWith("postgres")
        ? `${column}::text`
        : binary
          ? `HEX(${column})`
          : `CAST(${column} AS CHAR)`;
      const [[held = null] = []] = await rowsOf(url, `SELECT ${shown} FROM markers WHERE id = 1`);
      const wanted = binary ? value.slice(2).toUpperCase() : value;
      if (held?.trim().replace(/\/128$/, "") === wanted.trim()) names.push(name);
    }
  }
  return names;
}

async function unpack({ ground, source }: Scene, file: string): Promise<Uint8Array> {
  if (ground.engine !== "postgres") return gunzipSync(readFileSync(file));
  const restore = Bun.spawn(["docker", "exec", "-i", source.containerName, "pg_restore", "-f", "-"], {
    stdin: Bun.file(file),
    stdout: "pipe",
    stderr: "ignore",
  });
  return new Response(restore.stdout).bytes();
}

/** Puts the markers into places where even a raw run leaves nothing, to see that the search looks there at all; resolves to what removes them. */
async function plant({ ground, image, needles }: Scene, { home }: Project): Promise<() => Promise<void>> {
  const bytes = Buffer.concat(needles.flatMap((needle) => [needle.bytes, Buffer.from("\n")]));
  const name = `ditto-planted-${process.pid}`;
  const temp = join(tmpdir(), name);
  const isNative = ground.runtime === "native";
  const files = [
    temp,
    join(home, name),
    ...(isNative ? [join("/var/log", name), join(nativeRootOf(home) ?? "", name)] : []),
  ];
  for (const file of files) writeFileSync(file, bytes);
  if (!isNative) {
    const mounts = ["--volume", `${temp}:/planted:ro`, "--volume", "/kept"];
    const command = ["--entrypoint", "sh", image, "-c", "cat /planted; cp /planted /kept/"];
    await toolOf(ground, "run", "--name", name, "--label", "ditto-test=1", ...mounts, ...command);
  }
  return async () => {
    for (const file of files) rmSync(file);
    if (!isNative) await toolOf(ground, "rm", "-f", "-v", name);
  };
}

/** The types whose markers stand anywhere but in the source. */
async function typesBelow(scene: Scene, project: Project): Promise<string[]> {
  return [...searchFiles(await writtenSince(scene.moment, { ...scene, project }), scene.needles).keys()];
}

/** The types that stand somewhere in the middle of copying rows, and after a kill then: a server that goes takes with it what was not committed. */
async function aroundKill(scene: Scene, project: Project): Promise<{ before: string[]; after: string[] }> {
  const running = project.start("reseed", ["--verbose"]);
  await until(() => /Copy (the )?rows/.test(running.stderr()), 120_000);
  await Bun.sleep(5_000);
  const before = await typesBelow(scene, project);
  expect(running.stderr()).not.toContain("Analyze");
  running.kill("SIGKILL");
  await running.done;
  await Bun.sleep(2_000);
  return { before, after: await typesBelow(scene, project) };
}

/** The types that stand somewhere after a kill when all rows were there and nothing was announced yet. */
async function afterLateKill(scene: Scene, project: Project): Promise<string[]> {
  const running = project.start("reseed", ["--verbose"]);
  await until(() => running.stderr().includes("Analyze"), 120_000);
  running.kill("SIGKILL");
  await running.done;
  expect(project.files().filter((path) => /^bases\/\w+\.json$/.test(path))).toEqual([]);
  await Bun.sleep(2_000);
  return typesBelow(scene, project);
}

/** `·` not found, and found in the raw run; `?` not found in either, so that it proves nothing; `X` found. */
function matrix({ ground, markers }: Scene, clean: Found, control: Found): string {
  const lines = markers.map(({ name }) => {
    const cells = STORES.map((store) =>
      (clean[store].has(name) ? "X" : control[store].has(name) ? "·" : "?").padEnd(5),
    );
    return `${name.padEnd(14)}${cells.join(" ")}`;
  });
  return [
    `${groundName(ground)}: · nowhere, with a control; ? nowhere, without one; X found`,
    " ".repeat(14) + STORES.map((store) => store.padEnd(5)).join(" "),
    ...lines,
  ].join("\n");
}
