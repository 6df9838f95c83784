import { lookup } from "node:dns/promises";
import { homeId, withLock } from "../../kit/state.ts";
import type { ContainerCli } from "./cli.ts";
import { labelFlags } from "./labels.ts";

/** The bridge of this state folder's copies: published ports work, the world and other copies don't. */
export async function copyNetwork(): Promise<string> {
  return `ditto-${await homeId()}`;
}

/** Makes the copies' bridge, once: of two creations at the same time docker makes two networks of one name. */
export function createCopyNetwork(cli: ContainerCli): Promise<void> {
  return withLock("network", async () => {
    const name = await copyNetwork();
    if ((await cli(["network", "inspect", name], { check: false })).status === 0) return;
    const closed =
      cli.tool === "docker"
        ? [
            "-o",
            "com.docker.network.bridge.enable_icc=false",
            "-o",
            "com.docker.network.bridge.enable_ip_masquerade=false",
          ]
        : ["--opt", "isolate=true"];
    const args = ["network", "create", ...(await labelFlags("tool", "network")), ...closed, name];
    await cli(args, { purpose: `create the network "${name}"` });
  });
}

/** True for an address that means the host itself. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\./.test(host);
}

/** The address of a running container, when `host` is no name that this host resolves but a container's. */
export async function containerAddress(cli: ContainerCli, host: string): Promise<string> {
  if (isLoopback(host) || /^[\d.]+$/.test(host) || host.includes(":")) return host;
  try {
    await lookup(host);
    return host;
  } catch {
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
    const { status, stdout } = await cli(["container", "inspect", "--format", format, host], { check: false });
    return (status === 0 && stdout.trim().split(/\s+/)[0]) || host;
  }
}
