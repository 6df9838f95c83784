import { DittoError } from "../kit/errors.ts";
import { answers } from "./docker/cli.ts";
import type { Runtime, RuntimeName } from "./index.ts";

export interface OpenedRuntime {
  runtime: Runtime;
  /** Which and why, for a person: "docker 28.2 (it answers)". */
  why: string;
}

/** The runtime that `--runtime` or the configuration names; `auto` takes docker, podman, then native. */
export async function openRuntime(wish: "auto" | RuntimeName, say: (text: string) => void): Promise<OpenedRuntime> {
  if (wish === "native") return openNative(say, "as asked for");
  if (wish !== "auto") {
    const state = await answers(wish);
    if (state.ok) return container(wish, say, `${wish} ${state.version}, as asked for`);
    throw new DittoError(`Cannot use ${wish}: ${state.reason}`, {
      code: "RUNTIME_DOWN",
      hint: `Start ${wish}, or leave --runtime out to use what is there`,
    });
  }
  const reasons: string[] = [];
  for (const tool of ["docker", "podman"] as const) {
    const state = await answers(tool);
    if (state.ok)
      return container(
        tool,
        say,
        `${tool} ${state.version}${reasons.length > 0 ? `, because ${reasons.join("; ")}` : ", it answers"}`,
      );
    reasons.push(`${tool}: ${state.reason}`);
  }
  return openNative(say, `because ${reasons.join("; ")}`);
}

/** The runtime that a record names, without asking whether it answers. */
export async function runtimeNamed(name: RuntimeName, say: (text: string) => void): Promise<Runtime> {
  if (name === "native") return (await openNative(say, "")).runtime;
  return (await container(name, say, "")).runtime;
}

async function container(tool: "docker" | "podman", say: (text: string) => void, why: string): Promise<OpenedRuntime> {
  const { containerRuntime } = await import("./docker/index.ts");
  return { runtime: containerRuntime(tool, say), why };
}

async function openNative(say: (text: string) => void, why: string): Promise<OpenedRuntime> {
  const { openNative: open } = await import("./native/index.ts");
  return { runtime: await open(say), why: `native, ${why}` };
}
