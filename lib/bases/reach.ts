import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Runtime, Toolbox, ToolboxRequest } from "../runtime/index.ts";
import { throughTunnel } from "./tunnel.ts";

/** Runs `action` with the source as it is reached from here: by its tunnel, at a container's address, or as its URL says. */
export async function withReach<T>(
  source: DatabaseUrl,
  { tunnel, runtime }: { tunnel: string; runtime: Pick<Runtime, "locate"> },
  action: (source: DatabaseUrl) => Promise<T>,
): Promise<T> {
  if (tunnel !== "") return throughTunnel(tunnel, source, action);
  if (source.socket !== undefined) return action(source);
  const located = await runtime.locate(source.host);
  if (located !== source.host) return action({ ...source, via: { host: located, port: source.port } });
  // With another name to check, tools take the address beside it as a number only.
  if (source.serverName === undefined || isIP(source.host) !== 0) return action(source);
  const found = await lookup(source.host).catch(() => undefined);
  return action(found ? { ...source, via: { host: found.address, port: source.port } } : source);
}

/** Where tools connect to, and the name that they check the certificate for where that is another. */
function destination(source: DatabaseUrl): { host: string; port: number; name: string | undefined } {
  const { host, port } = source.via ?? source;
  const name = source.serverName ?? source.host;
  const checked = source.params.sslmode?.startsWith("verify") && name !== host;
  return { host, port, name: checked ? name : undefined };
}

/** What a toolbox must reach. */
export function reachOf(source: DatabaseUrl): ToolboxRequest["reach"] {
  if (source.socket !== undefined) return { socket: source.socket };
  const { host, name } = destination(source);
  return name === undefined ? { host } : { host, name };
}

/** What tools in a toolbox are told: the host, the port, and the address where the host is only the name to check. */
export function toolAddress(
  source: DatabaseUrl,
  toolbox: Toolbox,
): { host: string; port: number; hostAddress: string | undefined } {
  const { host, port, name } = destination(source);
  if (name === undefined) return { host: toolbox.sourceHost ?? host, port, hostAddress: undefined };
  const direct = toolbox.sourceHost === undefined && isIP(host) !== 0;
  return { host: name, port, hostAddress: direct ? host : undefined };
}
