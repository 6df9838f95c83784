import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interrupted, withCleanup } from "../kit/cleanup.ts";
import { ownerAlive, ownerTag } from "../kit/owner.ts";
import { homeId, newId } from "../kit/state.ts";
import type { RuntimeName } from "../runtime/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { removeDirectory } from "../runtime/storage/directory.ts";
import { removeFromRuntime, removeThings } from "./home-things.ts";

/** The demo's own place: a state folder in which nothing of the user's lies. */
export interface DemoHome {
  folder: string;
  /** Says where things will be made; to be called before the first is. */
  use(runtime: RuntimeName): Promise<void>;
  /** Removes everything that was made, and the folder; once. */
  remove(): Promise<void>;
}

const FOLDER = /^ditto-demo-[0-9a-z]{26}$/;

/** Runs `action` in a state folder of its own, which is gone afterwards, whatever its end. */
export async function inDemoHome<T>(say: (text: string) => void, action: (home: DemoHome) => Promise<T>): Promise<T> {
  await removeAbandoned();
  const folder = join(tmpdir(), `ditto-demo-${newId()}`);
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, "owner"), await ownerTag());
  process.env.DITTO_HOME = join(folder, "home");
  let removed: Promise<void> | undefined;
  const remove = () => {
    removed ??= removeHome(folder);
    return removed;
  };
  const home: DemoHome = { folder, use: (runtime) => writeFile(join(folder, "runtime"), runtime), remove };
  let work: Promise<unknown> = Promise.resolve();
  return withCleanup(
    () => {
      const told = action(home);
      work = told.catch(() => {});
      return told;
    },
    async () => {
      if (interrupted() && removed === undefined) {
        say("\nInterrupted: removing what the demo has made so far …");
        // Its tools were ended; what it was about to write would otherwise come back after the removal.
        await Promise.race([work, Bun.sleep(5_000)]);
      }
      await remove();
    },
  );
}

async function removeHome(folder: string): Promise<void> {
  const name = await readFile(join(folder, "runtime"), "utf8").catch(() => "");
  if (name !== "") await removeEverything(name as RuntimeName);
  await removeDirectory(folder, tmpdir());
}

async function removeEverything(name: RuntimeName): Promise<void> {
  if (interrupted()) {
    await removeThings(await runtimeNamed(name, () => {}), await homeId());
    // What a daemon was about to make when its client was ended appears only now.
    await Bun.sleep(500);
  }
  await removeFromRuntime(name);
}

/** What demos that were killed have left behind. */
async function removeAbandoned(): Promise<void> {
  const before = process.env.DITTO_HOME;
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (!FOLDER.test(name) || !(await isAbandoned(folder))) continue;
    process.env.DITTO_HOME = join(folder, "home");
    // A runtime that is down now is asked again by the next demo.
    await removeHome(folder).catch(() => {});
  }
  if (before === undefined) delete process.env.DITTO_HOME;
  else process.env.DITTO_HOME = before;
}

async function isAbandoned(folder: string): Promise<boolean> {
  const facts = await lstat(folder).catch(() => undefined);
  // Anybody may make a folder of this name in /tmp: only our own is trusted, and one that is being made is left alone.
  if (!facts?.isDirectory() || facts.uid !== process.getuid?.() || Date.now() - facts.mtimeMs < 2_000) return false;
  return !(await ownerAlive(await readFile(join(folder, "owner"), "utf8").catch(() => "")));
}
