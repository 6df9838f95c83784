import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { attempt } from "../provision/exec.ts";
import { soak } from "./support/ground.ts";
import { missingPostgres, postgresImage, sharedSource, urlTo } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const ROOT = resolve(import.meta.dir, "../..");
const read = (name: string) => readFileSync(join(ROOT, "templates/ci", name), "utf8");

interface Job {
  if: string;
  env?: Record<string, string>;
  steps: { run?: string; if?: string; id?: string; with?: Record<string, unknown> }[];
}
const github = parse(read("github-actions.yml")) as {
  on: object;
  env: Record<string, string>;
  jobs: { publish: Job; test: Job };
};

interface GitlabJob {
  rules: { if: string }[];
  script: string[];
  variables: Record<string, string>;
}
const gitlab = parse(read("gitlab-ci.yml")) as {
  variables: Record<string, string>;
  ".ditto": { before_script: string[] };
  publish: GitlabJob;
  test: GitlabJob;
};
const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { packageManager: string };

test("both have a job beside the source and one for every change, on the tested Bun", () => {
  expect(Object.keys(github.on)).toEqual(["schedule", "workflow_dispatch", "pull_request"]);
  const { publish, test: tests } = github.jobs;
  expect([publish.if, tests.if]).toEqual([
    "github.event_name != 'pull_request'",
    "github.event_name == 'pull_request'",
  ]);
  const versions = [publish, tests].flatMap(({ steps }) => steps.flatMap((step) => step.with?.["bun-version"] ?? []));
  expect(versions.map((version) => `bun@${version}`)).toEqual([packageManager, packageManager]);
  expect(gitlab.publish.rules).toEqual([{ if: '$CI_PIPELINE_SOURCE == "schedule"' }]);
  expect(gitlab.test.rules).toEqual([{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }]);
  expect(gitlab[".ditto"].before_script.join("\n")).toContain(packageManager);
});

test("the job for a change gets neither the database's password nor the mask key", () => {
  const given = JSON.stringify([github.env, github.jobs.test, gitlab.variables, gitlab.test]);
  expect(given).not.toMatch(/DB_PASSWORD|MASK_KEY/);
});

const missing = missingPostgres("17");

describe.skipIf(missing !== undefined)(`their lines${missing ? ` (${missing})` : ""}`, () => {
  let project: Project;
  let secrets: Record<string, string>;
  const machines: string[] = [];

  beforeAll(async () => {
    const source = await sharedSource("17");
    await source.sql("CREATE DATABASE shop", "postgres");
    const rows = "SELECT n AS id, 'ann' || n || '@sample.invalid' AS email FROM generate_series(1, 500) n";
    await source.sql(`CREATE TABLE people AS ${rows}`, "shop");
    project = await makeProject();
    project.configure({
      source: { url: urlTo(source, "shop").replace(/:[^:/@]+@/, "@"), password_secret: "env:DB_PASSWORD" },
      copy: { image: postgresImage("17") },
      runtime: "docker",
      obfuscation: { rules: [{ table: "people", column: "email", strategy: "replace", type: "email" }] },
    });
    const check = 'psql "$DATABASE_URL" -Atc "SELECT count(*), min(split_part(email, \'@\', 2)) FROM people"';
    project.write("package.json", JSON.stringify({ name: "shop", scripts: { test: check } }));
    mkdirSync(join(project.folder, ".git"));
    mkdirSync(join(project.folder, "bin"));
    symlinkSync(process.execPath, join(project.folder, "bin/bun"));
    const vendored = await attempt([process.execPath, join(ROOT, "scripts/vendor.ts"), "tools/ditto"], {
      cwd: project.folder,
    });
    expect(vendored.status).toBe(0);
    secrets = { DB_PASSWORD: source.password, MASK_KEY: "5f".repeat(32) };
  });
  afterAll(async () => {
    for (const machine of machines) await onMachine(machine, 'bun "$DITTO/scripts/setup.ts" --uninstall --yes', {});
    await project?.remove();
  });

  /** A line on a machine on which nothing else is set; throws what was said when it fails. */
  async function onMachine(machine: string, line: string, env: Record<string, string>): Promise<string> {
    const home = join(project.folder, "machines", machine);
    mkdirSync(home, { recursive: true });
    const own = {
      ...{ HOME: home, CI: "true", NO_COLOR: "1", DITTO: github.env.DITTO ?? "", DITTO_OFFLINE: "1" },
      DITTO_DUMP__STORE: join(project.folder, "store"),
      PATH: `${join(project.folder, "bin")}:${process.env.PATH}`,
      ...env,
    };
    const words = Object.entries(own).map(([name, value]) => `${name}=${value}`);
    const { status, stdout, stderr } = await attempt(["env", "-i", ...words, "bash", "-euo", "pipefail", "-c", line], {
      cwd: project.folder,
    });
    if (status !== 0) throw new Error(`on ${machine}: ${line}\nended with ${status}:\n${stderr}${stdout}`);
    return stdout + stderr;
  }

  /** A job on a machine of its own, which goes with it. */
  async function runJob(lines: string[], env: Record<string, string>): Promise<string> {
    const machine = `m${machines.length + 1}`;
    machines.push(machine);
    let said = "";
    for (const line of lines) said += await onMachine(machine, line, env);
    return said;
  }

  /** What a job's steps run when nothing fails; expressions stand in variables only, and are the caller's. */
  const linesOf = (job: Job) => job.steps.flatMap(({ run, if: when }) => (run === undefined || when ? [] : [run]));
  const withSecrets = () => ({
    ...secrets,
    DITTO_OBFUSCATION__KEY_SECRET: github.jobs.publish.env?.DITTO_OBFUSCATION__KEY_SECRET ?? "",
  });

  test("of GitHub Actions: published, then tested on the newest dump, then on the cached base", async () => {
    const output = { GITHUB_OUTPUT: join(project.folder, "output") };
    const published = await runJob(linesOf(github.jobs.publish), withSecrets());
    expect(published).toMatch(/Base \w+ of "shop" is ready/);
    const cold = await runJob(linesOf(github.jobs.test), output);
    expect(cold).toMatch(/Base \w+ of "shop" is ready/);
    expect(cold).toMatch(/^500\|example\.com$/m);
    expect(readFileSync(output.GITHUB_OUTPUT, "utf8")).toMatch(/^sha=[0-9a-f]{64}$/m);
    const cached = await runJob(linesOf(github.jobs.test), output);
    // Nothing is restored from a file that holds a base.
    expect([/Restore/.test(cold), /Restore/.test(cached)]).toEqual([true, false]);
    expect(cached).toMatch(/^500\|example\.com$/m);
    // The mask key and the password are on the first machine only.
    expect(cold + cached).not.toContain(secrets.MASK_KEY ?? "");
  });

  test("of GitLab CI, on the base in the cache", async () => {
    // The service docker:dind is this host's daemon.
    const { DOCKER_HOST: _, DOCKER_TLS_CERTDIR: __, DITTO_COPY__BIND: ___, ...more } = gitlab.test.variables;
    const install = gitlab[".ditto"].before_script.filter((line) => line.startsWith("bun "));
    expect(install).toHaveLength(1);
    const cached = await runJob([...install, ...gitlab.test.script], more);
    expect(cached).toMatch(/^500\|example\.com$/m);
    if (!soak) return;
    const published = await runJob([...install, ...gitlab.publish.script], {
      ...withSecrets(),
      ...gitlab.publish.variables,
    });
    expect(published).toMatch(/Base \w+ of "shop" is ready/);
    const old = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    utimesSync(join(project.folder, "base.ditto"), old, old);
    expect(await runJob([...install, ...gitlab.test.script], more)).toMatch(/Base \w+ of "shop" is ready/);
  });

  test("of the pre-commit hook: no password goes in, and what touches the database is tested", async () => {
    rmSync(join(project.folder, ".git"), { recursive: true });
    const machine = machines.at(-1) ?? "";
    const hook =
      "git init -q . && git config user.email a@sample.invalid && git config user.name Ann && mkdir -p .git/hooks";
    await onMachine(machine, hook, {});
    cpSync(join(ROOT, "templates/ci/pre-commit"), join(project.folder, ".git/hooks/pre-commit"));
    chmodSync(join(project.folder, ".git/hooks/pre-commit"), 0o755);
    const commit = (file: string, text: string) => {
      project.write(file, text);
      return onMachine(machine, `git add ${file} && git commit -qm x 2>&1`, {});
    };
    const config = readFileSync(join(project.folder, "ditto.yaml"), "utf8");
    for (const secret of ["  password: hunter2", "  url: postgres://ann:hunter2@db/shop", "source: { password: x }"])
      await expect(commit("ditto.yaml", `${secret}\n`)).rejects.toThrow("ditto.yaml holds a password");
    // A comment is none, nor is the reference to one.
    await commit("ditto.yaml", `${config}\n# url: postgres://ann:hunter2@db/shop\n# password: x\n`);
    await commit("README.md", "nothing of the database's\n");
    expect(await commit("migrations/1.sql", "SELECT 1;\n")).toMatch(/^500\|example\.com$/m);
    await onMachine(machine, 'git config ditto.check "exit 7"', {});
    await expect(commit("migrations/2.sql", "SELECT 2;\n")).rejects.toThrow("ended with 1");
  });
});
