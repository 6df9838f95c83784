import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Source, startSource } from "../provision/sources.ts";
import { type Copy, configOf, onEachGround, type Stage, sourceOf } from "./support/ground.ts";

setDefaultTimeout(90_000);

/** Collects the arguments of every process of this machine, containers' too, until it is stopped. */
function watchProcesses(): { stop(): string } {
  const seen = new Set<string>();
  const look = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        // The test's own children have nothing to hide, but the test knows the secret.
        if (Number(pid) !== process.pid) seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        // It has ended.
      }
    }
  };
  const timer = setInterval(look, 10);
  return {
    stop() {
      clearInterval(timer);
      return [...seen].join("\n");
    },
  };
}

/** What a container runtime shows of this state folder's things: everything that inspect and history know. */
async function inspected(stage: Stage): Promise<string> {
  const { runtime } = stage.ground;
  if (runtime === "native") return "";
  const traces = (await stage.project.traces()).map((trace) => trace.split(" "));
  const names = (kind: string) => traces.flatMap(([sort, ...name]) => (sort === kind ? [name.at(-1) ?? ""] : []));
  const looks = [
    ...names("container").map((name) => ["container", "inspect", name]),
    ...names("image").flatMap((id) => [
      ["image", "inspect", id],
      ["image", "history", "--no-trunc", id],
    ]),
  ];
  const found = await Promise.all(looks.map((look) => stage.tool(...look)));
  return found.map(({ stdout, stderr }) => stdout + stderr).join("\n");
}

function stateOf(stage: Stage): Record<string, string> {
  const files = stage.project.files().filter((file) => statSync(join(stage.project.home, file)).isFile());
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(stage.project.home, file), "latin1")]));
}

onEachGround("a secret", (stage) => {
  let copy: Copy;
  let password: string;
  let argumentsSeen: string;
  const said: Record<string, string> = {};

  beforeAll(async () => {
    const watch = watchProcesses();
    const made = await stage.copy(["create", "--name", "safe", "--verbose", "--format", "json"]);
    copy = JSON.parse(made.stdout);
    password = decodeURIComponent(new URL(copy.connection_string).password);
    said.create = made.stderr;
    for (const call of [
      ["sql", "safe", "-c", "SELECT 1"],
      ["sql", "safe", "--json", "-c", "SELEC"],
      ["list", "--json"],
      ["logs", "safe"],
      ["logs", "safe", "--server"],
      ["prune"],
    ]) {
      const { stdout, stderr } = await stage.copy([...call, "--verbose"]);
      said[call.join(" ")] = stdout + stderr;
    }
    said.url = (await stage.copy(["url", "safe", "--verbose"])).stderr;
    said.run = (await stage.copy(["run", "--verbose", "--", "sh", "-c", "exit 1"])).stderr;
    argumentsSeen = watch.stop();
  });

  test("of a copy is long, and in no process's arguments", () => {
    expect(password.length).toBeGreaterThanOrEqual(40);
    expect(argumentsSeen).toContain("copy.ts");
    expect(argumentsSeen).not.toContain(password);
  });

  test("of a copy is in nothing that inspect shows of containers and images", async () => {
    const shown = await inspected(stage);
    if (stage.ground.runtime !== "native") expect(shown).toContain(copy.id);
    expect(shown).not.toContain(password);
    expect(shown).not.toContain(Buffer.from(password).toString("base64"));
  });

  test("of a copy is in no file of the state folder, no event and no log", () => {
    const state = stateOf(stage);
    expect(Object.keys(state)).toContain(`copies/${copy.id}.json`);
    expect(
      Object.entries(state)
        .filter(([, content]) => content.includes(password))
        .map(([file]) => file),
    ).toEqual([]);
    expect(
      Object.entries(said)
        .filter(([, text]) => text.includes(password))
        .map(([call]) => call),
    ).toEqual([]);
  });
  let source: Source;
  beforeAll(async () => {
    source = await startSource(sourceOf(stage.ground));
    await source.sql("CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items VALUES (1), (2), (3);");
  });
  afterAll(() => source?.stop());

  test("of a source appears nowhere while its rows are read, nor in what stays", async () => {
    const { project } = stage;
    const url = source.url.replace(`:${source.password}@`, "@");
    project.configure({ ...configOf(stage.ground), source: { url, password_secret: "env:SOURCE_PASSWORD" } });
    const watch = watchProcesses();
    const reading = project.start("reseed", ["--verbose"], { env: { SOURCE_PASSWORD: source.password } });
    let shown = "";
    let ended = false;
    reading.done.finally(() => {
      ended = true;
    });
    while (!ended) {
      shown += await inspected(stage);
      // A native server has nothing to inspect, and nothing to wait for.
      await Bun.sleep(1);
    }
    const { status, stdout, stderr } = await reading.done;
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const processes = watch.stop();
    expect(processes).toMatch(stage.ground.engine === "postgres" ? /pg_dump/ : /dump/);
    const places = { processes, shown, after: await inspected(stage), stdout, stderr, ...stateOf(stage) };
    expect(
      Object.entries(places)
        .filter(([, text]) => text.includes(source.password))
        .map(([place]) => place),
    ).toEqual([]);
  });

  test("of a source appears in no error when it is wrong", async () => {
    const wrong = "Wr0ng/pass:w@rd";
    const url = new URL(source.url);
    url.password = encodeURIComponent(wrong);
    stage.project.configure({ ...configOf(stage.ground), source: { url: url.href } });
    const outcome = await stage.project.run("reseed", ["--verbose"]);
    expect(outcome.status).toBe(1);
    for (const text of [outcome.stdout, outcome.stderr]) {
      expect(text).not.toContain(wrong);
      expect(text).not.toContain(encodeURIComponent(wrong));
    }
  });
});
