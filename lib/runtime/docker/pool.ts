import { homeId, withLock } from "../../kit/state.ts";
import { createPool, deletePool, growPool, type PoolRequest, type PoolStatus, poolStatus } from "../storage/pool.ts";
import { type ContainerTool, containerCli } from "./cli.ts";

/** The pool of this state folder, as verbs; changes wait for each other. */
export interface PoolVerbs {
  create(request: Omit<PoolRequest, "home">): Promise<PoolStatus>;
  status(): Promise<PoolStatus | undefined>;
  grow(size: number): Promise<PoolStatus>;
  delete(): Promise<void>;
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
