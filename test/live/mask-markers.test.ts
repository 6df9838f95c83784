import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { must } from "../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { filesSince, type Needle, searchBytes, searchFiles } from "./support/byte-search.ts";
import { serversToTry, soak } from "./support/ground.ts";
import { type Marker, type MarkerEngine, makeMarkers } from "./support/markers.ts";
import { makeProject, type Project } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(600_000);

const SERVERS = [
  { engine: "postgres", version: "17" },
  { engine: "mysql", version: "9.7" },
  { engine: "mariadb", version: "11.8" },
] as const;

/** Where a marker may be: beside what the names say, `rest` is everything else that the daemon keeps. */
const STORES = ["dump", "base", "copy", "sql", "home", "temp", "logs", "rest"] as const;
type Store = (typeof STORES)[number];

/** By the store: which types' markers stand there. */
type Found = Record<Store, Set<string>>;

interface Scene {
  engine: MarkerEngine;
  source: Source;
  image: string;
  markers: Marker[];
  needles: Needle[];
  /** A file as old as the scene. */
  moment: string;
}

const { docker, images } = readProvisioned();
const missing = !docker.available
  ? docker.reason
  : SERVERS.every(({ engine, version }) => images[`${engine}:${version}` as ServerImage])
    ? ""
    : "no images";

describe.skipIf(missing !== "")(`Markers${missing ? ` (${missing})` : ""}`, () => {
  const undo: (() => Promise<unknown> | unknown)[] = [];
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  for (const { engine, version } of serversToTry(SERVERS, "postgres")) {
    test(`of every masked type are nowhere, and raw ones everywhere, ${engine}`, async () => {
      const scene = await setScene(engine, version);
      const masked = await projectOf(scene, { rules: rulesOf(scene.markers) });
      await masked.must("reseed");
      const clean = await lookEverywhere(scene, masked);
      const raw = await projectOf(scene, { rules: [] });
      await raw.must("reseed");
      const control = await lookEverywhere(scene, raw);
      for (const [store, types] of Object.entries(await plant(scene, raw)))
        control[store as Store] = control[store as Store].union(types);
      console.log(matrix(scene, clean, control));
      expect(Object.fromEntries(STORES.map((store) => [store, [...clean[store]]]))).toEqual(
        Object.fromEntries(STORES.map((store) => [store, []])),
      );
      const all = scene.markers.map(({ name }) => name);
      for (const store of ["dump", "base", "copy", "sql"] as const)
        expect({ store, unseen: all.filter((name) => !control[store].has(name)) }).toEqual({ store, unseen: [] });
    });

    if (engine === "postgres" || soak)
      test(`are nowhere after a reseed that failed half way, and after one that was killed while rows were copied, ${engine}`, async () => {
        const scene = await setScene(engine, version, 30_000);
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
          `${engine}, raw rows while copied: ${before} of ${all} types found; killed: ${control.after.length}`,
        );
        expect(before).toBeGreaterThan(all / 2);
      });
  }

  async function setScene(engine: MarkerEngine, version: string, rows = 1_000): Promise<Scene> {
    const moment = join(tmpdir(), `ditto-moment-${engine}-${process.pid}-${Date.now()}`);
    writeFileSync(moment, "");
    undo.push(() => rmSync(moment, { force: true }));
    const source = await startSource({ engine, version, name: "marker" });
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
    const image = images[`${engine}:${version}` as ServerImage] as string;
    return { engine, source, image, markers, needles, moment };
  }

  async function projectOf(scene: Scene, obfuscation: object, dump: object = {}): Promise<Project> {
    const project = await makeProject({
      source: { url: scene.source.url },
      copy: { image: scene.image },
      obfuscation: { ...obfuscation, unreviewed: "allow" },
      dump,
    });
    undo.push(project.remove);
    return project;
  }
});

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
  const copy = await project.json<{ id: string; connection_string: string }>("copy", ["create"]);
  const found = Object.fromEntries(STORES.map((store) => [store, new Set<string>()])) as Found;
  for (const name of await typesInSql(scene, copy.connection_string)) found.sql.add(name);
  const layers = await layersOf(project, copy.id);
  const files = await filesSince(placesOf(scene), scene.moment);
  const excluded = await placesOfSource(scene);
  const own = files.filter((file) => !excluded.some((place) => file.startsWith(place)) && file !== scene.moment);
  for (const [name, at] of searchFiles(own, scene.needles))
    for (const file of at) found[storeOf(file, project, layers)].add(name);
  for (const file of project.files().filter((path) => path.endsWith(".dump")))
    for (const name of searchBytes(await unpack(scene, join(project.home, file)), scene.needles)) found.dump.add(name);
  return found;
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

const DOCKER_ROOT = "/var/lib/docker";

/** The daemon's folder with all layers, volumes and logs, the temporary ones, and where natives and the system keep things. */
function placesOf(_: Scene): string[] {
  return [DOCKER_ROOT, tmpdir(), "/var/tmp", "/var/lib/ditto", "/var/log"].filter(existsSync);
}

/** The source's own layer, volumes and log. */
async function placesOfSource({ source }: Scene): Promise<string[]> {
  const [facts] = JSON.parse(await must(["docker", "inspect", source.containerName])) as [
    { GraphDriver: { Data: Record<string, string> }; Mounts: { Source: string }[]; LogPath: string },
  ];
  return [layerOf(facts), ...facts.Mounts.map((mount) => mount.Source), facts.LogPath];
}

function layerOf({ GraphDriver }: { GraphDriver: { Data: Record<string, string> } }): string {
  return (GraphDriver.Data.UpperDir ?? "").replace(/\/diff$/, "");
}

async function layersOf(project: Project, copyId: string): Promise<{ base: string; copy: string }> {
  const [file = ""] = project.files().filter((path) => /^bases\/\w+\.json$/.test(path));
  const { frozen } = JSON.parse(readFileSync(join(project.home, file), "utf8")) as { frozen: { reference: string } };
  const [base] = JSON.parse(await must(["docker", "image", "inspect", frozen.reference]));
  const [copy] = JSON.parse(await must(["docker", "inspect", `ditto-${copyId}`]));
  return { base: layerOf(base), copy: layerOf(copy) };
}

function storeOf(file: string, project: Project, layers: { base: string; copy: string }): Store {
  if (file.startsWith(layers.base)) return "base";
  if (file.startsWith(layers.copy)) return "copy";
  if (file.startsWith(join(project.home, "dumps"))) return "dump";
  if (file.startsWith(project.home)) return "home";
  if (file.startsWith(`${DOCKER_ROOT}/containers/`) || file.startsWith("/var/log")) return "logs";
  return file.startsWith(DOCKER_ROOT) ? "rest" : "temp";
}

async function unpack({ engine, source }: Scene, file: string): Promise<Uint8Array> {
  if (engine !== "postgres") return gunzipSync(readFileSync(file));
  const restore = Bun.spawn(["docker", "exec", "-i", source.containerName, "pg_restore", "-f", "-"], {
    stdin: Bun.file(file),
    stdout: "pipe",
    stderr: "ignore",
  });
  return new Response(restore.stdout).bytes();
}

/** For places where even a raw run leaves nothing: that the search looks there at all. A log keeps text alone. */
async function plant(scene: Scene, { home }: Project): Promise<Partial<Found>> {
  const bytes = Buffer.concat(scene.needles.flatMap((needle) => [needle.bytes, Buffer.from("\n")]));
  const planted = [join(tmpdir(), `ditto-planted-${process.pid}`), join(home, "planted")] as const;
  for (const file of planted) writeFileSync(file, bytes);
  const name = `ditto-test-planted-${process.pid}`;
  const mounts = ["--volume", `${planted[0]}:/planted:ro`, "--volume", "/kept"];
  const command = ["--entrypoint", "sh", scene.image, "-c", "cat /planted; cp /planted /kept/"];
  await must(["docker", "run", "--name", name, "--label", "ditto-test=1", ...mounts, ...command]);
  const found = searchFiles([...(await filesSince([DOCKER_ROOT], planted[0])), ...planted], scene.needles);
  await must(["docker", "rm", "-f", "-v", name]);
  for (const file of planted) rmSync(file);
  const at = (start: string) =>
    new Set([...found].flatMap(([type, paths]) => ([...paths].some((path) => path.startsWith(start)) ? [type] : [])));
  return {
    temp: at(planted[0]),
    home: at(planted[1]),
    logs: at(`${DOCKER_ROOT}/containers/`),
    rest: at(`${DOCKER_ROOT}/volumes/`),
  };
}

/** The types whose markers stand anywhere but in the source. */
async function typesBelow(scene: Scene): Promise<string[]> {
  const excluded = await placesOfSource(scene);
  const files = (await filesSince(placesOf(scene), scene.moment)).filter(
    (file) => !excluded.some((place) => file.startsWith(place)),
  );
  return [...searchFiles(files, scene.needles).keys()];
}

/** The types that stand somewhere in the middle of copying rows, and after a kill. A server that goes takes with it what was not committed. */
async function aroundKill(scene: Scene, project: Project): Promise<{ before: string[]; after: string[] }> {
  const running = project.start("reseed", ["--verbose"]);
  await until(() => /Copy (the )?rows/.test(running.stderr()), 120_000);
  await Bun.sleep(5_000);
  const before = await typesBelow(scene);
  expect(running.stderr()).not.toContain("Analyze");
  running.kill("SIGKILL");
  await running.done;
  await Bun.sleep(2_000);
  return { before, after: await typesBelow(scene) };
}

/** `·` not found, and found in the raw run; `?` not found in either, so that it proves nothing; `X` found. */
function matrix({ engine, markers }: Scene, clean: Found, control: Found): string {
  const lines = markers.map(({ name }) => {
    const cells = STORES.map((store) =>
      (clean[store].has(name) ? "X" : control[store].has(name) ? "·" : "?").padEnd(5),
    );
    return `${name.padEnd(14)}${cells.join(" ")}`;
  });
  return [
    `${engine}: · nowhere, with a control; ? nowhere, without one; X found`,
    " ".repeat(14) + STORES.map((store) => store.padEnd(5)).join(" "),
    ...lines,
  ].join("\n");
}
