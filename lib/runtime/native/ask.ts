import { run } from "../../kit/exec.ts";
import type { ToolAnswer, ToolQuestion } from "../index.ts";
import { findClient, findServer, notInstalled } from "./binaries.ts";
import { embeddedState } from "./embedded.ts";

/** What a command prints with the folder of the tool first on PATH; undefined where there is none, or it fails. */
export async function ask({ server, part, command }: ToolQuestion): Promise<string | undefined> {
  const found = part === "client" ? await findClient(server) : await findServer(server);
  const [bin] = "bin" in found ? found.bin : [];
  const [tool = ""] = [command.tool].flat();
  if (bin === undefined) return undefined;
  const env = { ...command.env, PATH: `${bin}:${process.env.PATH ?? ""}` };
  const { status, stdout } = await run([tool, ...command.args], { env, check: false, timeoutMs: 10_000, cwd: "/" });
  return status === 0 ? stdout : undefined;
}

/** The version of the host's tool that would be taken. Nothing is installed. */
export async function askVersion({ server, part }: ToolQuestion): Promise<ToolAnswer> {
  const found = part === "client" ? await findClient(server) : await findServer(server);
  if ("bin" in found) return { flavour: server.flavour, version: found.version };
  const embedded = part === "server" && server.flavour === "postgres" ? await embeddedState(server.version) : undefined;
  if (embedded?.installed) return { flavour: server.flavour, version: embedded.version };
  if (embedded && process.env.DITTO_OFFLINE !== "1")
    return { absent: `${embedded.package} is installed by the first reseed` };
  const { message, hint } = notInstalled(server, part, found.rejected);
  return { absent: message.replace(/^Cannot run /, "there is no way to run "), hint: hint ?? "" };
}
