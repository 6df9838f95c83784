/**
 * A base that many files of a test run take as it is, built once for all of them: a project gets the state folder that a
 * reseed of its own would have made, and an image of its own over the same layers. Alone, a file reseeds.
 */
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../../lib/kit/state.ts";
import { must } from "../../provision/exec.ts";
import { withLock } from "../../provision/lock.ts";
import { readProvisioned } from "../../provision/report.ts";
import { maker, type Project, projectIn, ROOT, removeTraces } from "./project.ts";

/** Names the run that bases are shared in, which removes them at its end; without it nothing is shared. */
const RUN = "DITTO_TEST_RUN";

/** For the environment of all that belong to this process's run. */
export function sharedRun(): Record<string, string> {
  return Bun.which("flock") ? { [RUN]: maker() } : {};
}

/** Removes what was shared in this process's run. */
export async function endSharedRun(): Promise<void> {
  if (!existsSync(ROOT)) return;
  for (const name of readdirSync(ROOT).filter((folder) => folder.startsWith(`${maker()}-`))) {
    await removeTraces(join(ROOT, name, "home"));
    rmSync(join(ROOT, name), { recursive: true, force: true });
  }
}

/** Gives a fresh project its first base, from this file. */
export async function seed(project: Project, file: string): Promise<void> {
  const run = process.env[RUN];
  const shared = run === undefined ? undefined : await sharedProject(run, project, file);
  if (!shared || !(await take(project, shared))) await project.must("reseed", ["--from", file]);
}

/** The project that has this base, for the whole run. */
async function sharedProject(run: string, { folder, name }: Project, file: string): Promise<Project> {
  const config = readFileSync(join(folder, "ditto.yaml"), "utf8");
  const key = Bun.hash(`${config}\n${file}`).toString(36);
  const shared = projectIn(join(ROOT, `${run}-${key}`), JSON.parse(config), name);
  const done = join(shared.folder, "seeded");
  await withLock(
    async () => {
      if (existsSync(done)) return;
      await shared.must("reseed", ["--from", file]);
      writeFileSync(done, "");
    },
    join(shared.folder, "lock"),
  );
  return shared;
}

interface BaseFile {
  id: string;
  frozen: { runtime: string; method: string; reference: string };
}

/** False where a base is no image, and can't be had twice. */
async function take(project: Project, shared: Project): Promise<boolean> {
  const [record = ""] = shared.files().filter((file) => /^bases\/.*\.json$/.test(file));
  const { id: old, frozen }: BaseFile = JSON.parse(readFileSync(join(shared.home, record), "utf8"));
  if (frozen.method !== "image") return false;
  const [home, id] = [randomBytes(5).toString("hex"), newId()];
  const identity = { version: 1, id: home, secret: randomBytes(32).toString("hex") };
  mkdirSync(project.home, { mode: 0o700 });
  writeFileSync(join(project.home, "identity.json"), JSON.stringify(identity), { mode: 0o600 });
  for (const folder of ["bases", "dumps"]) {
    cpSync(join(shared.home, folder), join(project.home, folder), { recursive: true, preserveTimestamps: true });
  }
  const reference = await relabelled(frozen, { home, id });
  const path = join(project.home, record.replaceAll(old, id));
  renameSync(join(project.home, record), path);
  const text = readFileSync(path, "utf8").replaceAll(old, id).replaceAll(frozen.reference, reference);
  writeFileSync(path, text);
  return true;
}

/** The same image for another state folder. */
async function relabelled({ runtime, reference }: BaseFile["frozen"], { home, id }: { home: string; id: string }) {
  const { env } = readProvisioned().podman;
  const container = `ditto-${id}-workshop`;
  const labels = [`ditto.home=${home}`, `ditto.id=${id}`].flatMap((label) => ["--label", label]);
  await must([runtime, "create", "--name", container, ...labels, reference, "true"], { env });
  const image = await must([runtime, "commit", container, `ditto-base:${id}`], { env });
  await must([runtime, "rm", "--volumes", container], { env });
  return image.trim();
}
