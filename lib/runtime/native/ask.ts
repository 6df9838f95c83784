import type { ToolAnswer, ToolQuestion } from "../index.ts";
import { findClient, findServer, notInstalled } from "./binaries.ts";
import { embeddedState } from "./embedded.ts";

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
