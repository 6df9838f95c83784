import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type PrivateDockerd, startPrivateDockerd, whyNoPrivateDockerd } from "../lib/runtime/private-dockerd.ts";
import { must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { countItems, ITEMS } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(120_000);

const image = readProvisioned().images["postgres:17"] ?? "";
const missing = whyNoPrivateDockerd() ?? (image === "" ? "no image of postgres:17" : undefined);
const SEED = join(import.meta.dir, "../fixtures/copies/postgres.sql");
const CONFIG = { runtime: "docker", copy: { image }, dump: { roles: "keep" } };

describe.skipIf(missing !== undefined)(`bases on two daemons${missing ? ` (${missing})` : ""}`, () => {
  let daemon: PrivateDockerd;
  let here: Project;
  let there: Project;

  beforeAll(async () => {
    here = await makeProject(CONFIG);
    there = await makeProject(CONFIG, "colleague");
    [daemon] = await Promise.all([startPrivateDockerd({ images: [image] }), here.must("reseed", ["--from", SEED])]);
  });
  afterAll(async () => {
    await daemon?.stop();
    await here?.remove();
    await there?.remove();
  });

  const onDaemon = () => ({ env: { DOCKER_HOST: daemon.host, DITTO_NO_SWEEP: "1" } });
  const run = (script: string, ...args: string[]) => there.run(script, args, onDaemon());
  const json = <T = { id: string }>(script: string, ...args: string[]) => there.json<T>(script, args, onDaemon());

  /** The image comes back as by a pull, which no test makes. */
  const prune = async () => {
    const pruned = await daemon.docker(["system", "prune", "-af", "--volumes"]);
    expect(pruned.status).toBe(0);
    await must(["sh", "-c", 'docker save "$0" | docker --host "$1" load', image, daemon.host]);
  };

  test("one is exported here, and imported, copied and counted there", async () => {
    const file = join(here.folder, "shop.base");
    const exported = await here.json<{ sha256: string; bytes: number }>("base", ["export", file]);
    expect(exported).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: Bun.file(file).size });
    const base = await json("base", "import", file);
    const copy = await json<{ base_id: string; connection_string: string }>("copy", "create");
    expect(copy.base_id).toBe(base.id);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    expect(await run("copy", "delete", "--all", "--yes")).toMatchObject({ status: 0 });
  });

  test("one whose data a prune took is built again from its dump, in the open, by one of many", async () => {
    const imported = await json("base", "list").then((list) => (list as unknown as { id: string }[])[0]);
    const lost = await json("reseed", "--from", SEED, "--rebuild");
    await prune();
    const outcome = await run("copy", "create", "--count", "2", "--json");
    expect(outcome).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`The data of base ${lost.id} is gone`),
    });
    const copies = JSON.parse(outcome.stdout) as { base_id: string; connection_string: string }[];
    for (const copy of copies) expect(await countItems(copy.connection_string)).toBe(ITEMS);
    const bases = await json<{ id: string; current: boolean }[]>("base", "list");
    expect(new Set(copies.map((copy) => copy.base_id))).toEqual(new Set([bases[0]?.id ?? ""]));
    expect(bases.map(({ id }) => id)).not.toContain(lost.id);
    // Of the imported one no dump was kept: the error says what to do.
    expect(await run("base", "use", imported?.id ?? "")).toMatchObject({ status: 0 });
    expect(await run("copy", "create")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^Cannot make a copy: the base's image is gone.*\n.*reseed/),
    });
    expect(await run("copy", "delete", "--all", "--yes")).toMatchObject({ status: 0 });
  });
});
