import { withLock } from "../../kit/lock.ts";
import { hasHome, homeId } from "../../kit/state.ts";
import { createPool, deletePool, growPool, type PoolRequest, type PoolStatus, poolStatus } from "../storage/pool.ts";
import { type ContainerTool, containerCli } from "./cli.ts";
import { freeSpaceOf } from "./space.ts";
import { onExt } from "./yards.ts";

/** The pool of this state folder, as verbs; changes wait for each other. */
export interface PoolVerbs {
  create(request: Omit<PoolRequest, "home">): Promise<PoolStatus>;
  status(): Promise<PoolStatus | undefined>;
  grow(size: number): Promise<PoolStatus>;
  delete(): Promise<void>;
}

/** Below this a pool would hold little. */
const LEAST_FREE = 8 * 2 ** 30;

/** True where a pool would make copies share blocks that they don't share without one, and can be made. */
export async function poolHelps(tool: ContainerTool): Promise<boolean> {
  const cli = containerCli(tool);
  const security = tool === "docker" ? "{{json .SecurityOptions}}" : "{{.Host.Security.Rootless}}";
  const [ext, info, space] = await Promise.all([
    onExt(cli),
    cli(["info", "--format", security], { check: false }),
    freeSpaceOf(cli),
  ]);
  const rootless = /rootless|true/.test(info.stdout);
  if (!ext || rootless || (space?.bytes ?? 0) < LEAST_FREE) return false;
  return !(await hasHome()) || (await poolStatus(cli, await homeId())) === undefined;
}

const LONG_MS = 30 * 60_000;

/** The pool's verbs on docker or podman. */
export async function poolVerbs(tool: ContainerTool): Promise<PoolVerbs> {
  const cli = containerCli(tool);
  const home = await homeId();
  return {
    create: (request) => withLock("pool", () => createPool(cli, { home, ...request }), LONG_MS),
    status: () => poolStatus(cli, home),
    grow: (size) => withLock("pool", () => growPool(cli, home, size), LONG_MS),
    delete: () => withLock("pool", () => deletePool(cli, home), LONG_MS),
  };
}
