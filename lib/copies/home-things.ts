import { readdir, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { homeId, homePath } from "../kit/state.ts";
import { containerCli } from "../runtime/docker/cli.ts";
import type { Runtime, RuntimeName, Thing } from "../runtime/index.ts";
import { FOLDERS, nativeRoot } from "../runtime/native/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { removeDirectory } from "../runtime/storage/directory.ts";

/** Removes whatever a runtime holds with this state folder's mark, recorded or not; its pool is removed by its own verb. */
export async function removeFromRuntime(name: RuntimeName): Promise<void> {
  await removeThings(await runtimeNamed(name, () => {}), await homeId());
  if (name === "native") await removeNativeRoot();
  else await removeNetworks(name);
}

/** Root's is a folder of its own. In the state folder, which may be somebody's, what has no mark is theirs and stays. */
async function removeNativeRoot(): Promise<void> {
  const root = await nativeRoot();
  if (root !== homePath("native")) return removeDirectory(root, dirname(root));
  for (const major of await readdir(join(root, "embedded")).catch(() => []))
    if (/^\d+$/.test(major)) await removeDirectory(join(root, "embedded", major), root);
  for (const folder of ["embedded", ...FOLDERS, ""]) await rmdir(join(root, folder)).catch(() => {});
}

/** Containers first: what they use can't be removed under them. Directories go with the volume that they lie in. */
export async function removeThings(runtime: Runtime, home: string): Promise<void> {
  const things = (await runtime.things()).filter((thing) => thing.home === home);
  const isContainer = ({ reference }: Thing) => reference.startsWith("container:");
  const remove = (chosen: Thing[]) => Promise.all(chosen.map((thing) => runtime.removeThing(thing)));
  await remove(things.filter(isContainer));
  await remove(things.filter((thing) => !isContainer(thing) && !thing.reference.startsWith("directory:")));
}

/** The names of this state folder's networks. */
export async function networksOf(tool: "docker" | "podman"): Promise<string[]> {
  const filter = ["--filter", `label=ditto.home=${await homeId()}`];
  const { stdout } = await containerCli(tool)(["network", "ls", "--format", "{{.Name}}", ...filter]);
  return stdout.split("\n").filter((name) => name !== "");
}

async function removeNetworks(tool: "docker" | "podman"): Promise<void> {
  const names = await networksOf(tool);
  if (names.length > 0)
    await containerCli(tool)(["network", "rm", ...names], { purpose: "remove the copies' network" });
}
