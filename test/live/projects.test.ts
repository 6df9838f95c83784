import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProvisioned } from "../provision/report.ts";
import { ask, type Copy } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(180_000);

const { docker, images } = readProvisioned();
const image = images["postgres:17"];

describe.skipIf(!docker.available || !image)("Services and projects beside each other", () => {
  let project: Project;
  const services = ["accounts", "billing", "mail", "search", "shop"];

  beforeAll(async () => {
    const source = (name: string) => ({
      url: `postgres://x@localhost/${name}`,
      env: { [`${name.toUpperCase()}_DATABASE_URL`]: "url", [`${name.toUpperCase()}_PORT`]: "port" },
    });
    project = await makeProject({
      sources: Object.fromEntries(services.map((name) => [name, source(name)])),
      copy: { image },
      runtime: "docker",
    });
    mkdirSync(join(project.folder, ".git"));
    await Promise.all(
      services.map((name) => {
        const file = project.write(
          `${name}.sql`,
          `CREATE TABLE who (name text);\nINSERT INTO who VALUES ('${name}');\n`,
        );
        return project.must("reseed", ["--source", name, "--from", file]);
      }),
    );
  });
  afterAll(() => project?.remove());

  test("five services of one repository have bases, copies, names and variables of their own", async () => {
    const inside = join(project.folder, "services/any");
    mkdirSync(inside, { recursive: true });
    for (const name of services) {
      const copy = await project.json<Copy>("copy", ["create", "--source", name, "--name", "work"], { cwd: inside });
      expect(await ask(copy.connection_string, "SELECT name FROM who")).toEqual([{ name }]);
      expect((await project.must("copy", ["url", "work", "--source", name])).stdout.trim()).toBe(
        copy.connection_string,
      );
    }
    const shell =
      'test -z "$DATABASE_URL" && psql -At "$SHOP_DATABASE_URL" -c "SELECT name FROM who" && test -n "$SHOP_PORT"';
    const ran = await project.run("copy", ["run", "--source", "shop", "--", "sh", "-c", shell]);
    expect(ran).toMatchObject({ status: 0, stdout: "shop\n" });
    const unsaid = await project.run("copy", ["create"]);
    expect(unsaid).toMatchObject({ status: 2, stderr: expect.stringContaining("--source") });
    await project.must("copy", ["delete", "--all", "--yes", "--source", "shop"]);
    expect(await project.json<Copy[]>("copy", ["list"])).toHaveLength(services.length - 1);
  });

  test("two folders of one name never see each other's bases or copies", async () => {
    const above = mkdtempSync(join(tmpdir(), "ditto-projects-"));
    const folders = ["one", "two"].map((name) => join(above, name, "api"));
    try {
      const env = { DITTO_RUNTIME: "docker", DITTO_COPY__IMAGE: image };
      for (const folder of folders) {
        mkdirSync(folder, { recursive: true });
        await Bun.write(
          join(folder, "seed.sql"),
          `CREATE TABLE who (name text); INSERT INTO who VALUES ('${folder}');`,
        );
        await project.must("reseed", ["--from", "seed.sql"], { cwd: folder, env });
      }
      for (const folder of folders) {
        const copy = await project.json<Copy>("copy", ["create", "--name", "same"], { cwd: folder, env });
        expect(await ask(copy.connection_string, "SELECT name FROM who")).toEqual([{ name: folder }]);
      }
      for (const folder of folders) await project.must("copy", ["delete", "--all", "--yes"], { cwd: folder, env });
    } finally {
      rmSync(above, { recursive: true, force: true });
    }
  });
});
