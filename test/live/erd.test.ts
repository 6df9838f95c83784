import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(180_000);

const { docker, images } = readProvisioned();
const image = images["postgres:17"];
const missing = image === undefined ? docker.reason || "no image" : Bun.which("chromium") ? "" : "no chromium";

const BEFORE = `CREATE TABLE people (id int PRIMARY KEY, email text NOT NULL);
  CREATE TABLE letters (id int PRIMARY KEY, person int NOT NULL REFERENCES people);`;
const AFTER = `${BEFORE}
  ALTER TABLE people ADD COLUMN "born ""on""" date;
  CREATE TABLE stamps (id int PRIMARY KEY, letter int UNIQUE REFERENCES letters);
  COMMENT ON TABLE stamps IS '</script><b>glued</b>';`;

describe.skipIf(missing !== "")(`erd${missing ? ` (${missing})` : ""}`, () => {
  let project: Project;
  let page: string;
  const at = (name: string) => join(project.folder, name);

  beforeAll(async () => {
    project = await makeProject({ runtime: "docker", copy: { image } });
    project.write("before.sql", BEFORE);
    project.write("after.sql", AFTER);
  });
  afterAll(() => project?.remove());

  test("two SQL files are drawn against each other, and nothing is left of their servers", async () => {
    const args = [
      at("after.sql"),
      "--against",
      at("before.sql"),
      "--engine",
      "postgres:17",
      "--output",
      at("page.html"),
    ];
    const { stdout } = await project.must("erd", args);
    expect(stdout).toContain("tables 3, foreign keys 2");
    page = readFileSync(at("page.html"), "utf8");
    expect(page).toContain('class="node entity added"');
    expect(page).toContain('class="node entity changed"');
    expect((await project.traces()).filter((trace) => !trace.startsWith("network "))).toEqual([]);
  });

  /** What the page has become a second after it was opened. */
  const open = (hash = "") =>
    must([
      ...["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=1000"],
      ...[`--user-data-dir=${at("chromium")}`, "--dump-dom", `file://${at("page.html")}${hash}`],
    ]);

  test("the page lists the tables, and from one that is chosen shows its neighbours", async () => {
    const plain = await open();
    expect([...plain.matchAll(/data-node="t\d"[^>]*>([^<]*)/g)].map(([, name]) => name)).toEqual([
      "letters",
      "people",
      "stamps",
    ]);
    expect(plain).not.toContain('class="focused"');
    const chosen = await open("#public.people");
    expect(chosen).toContain('<main class="focused">');
    expect(chosen.match(/class="node entity[^"]* near[^"]*"/g)).toHaveLength(2);
    expect(chosen).toContain(">letters</a>");
  });

  test("what can't be drawn is refused with a way out", async () => {
    for (const [args, message] of [
      [["nowhere.sql"], /Cannot find the database "nowhere\.sql"/],
      [
        [at("before.sql"), "--engine", "postgres:17", "--table", "peple"],
        /there is none of that name\nDid you mean "people"/,
      ],
      [[at("before.sql"), "--engine", "oracle"], /names no engine and version/],
      [["copy:"], /it names none/],
      [["base"], /there is no base/],
    ] as const) {
      const { status, stderr } = await project.run("erd", [...args]);
      expect({ status: status > 0, stderr }).toEqual({ status: true, stderr: expect.stringMatching(message) });
    }
  });
});
