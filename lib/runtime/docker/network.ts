import { lookup } from "node:dns/promises";
import { run, which } from "../../kit/exec.ts";
import { withLock } from "../../kit/lock.ts";
import { homeId } from "../../kit/state.ts";
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

/**
 * POSIX sh in a container's network: only its gateway, which is this host, stays within reach. Published ports answer
 * through it; the world and the network's other containers are no longer there.
 */
const SHUT = `
line=$(ip -4 route show default | head -n 1); gateway=\${line#*via }; gateway=\${gateway%% *}; device=\${line#*dev }; device=\${device%% *}
[ -n "$gateway" ] || exit 0
ip -4 route replace "$gateway/32" dev "$device" || exit 1
ip -4 route show | while read -r net rest; do [ "$net" = "$gateway" ] || ip -4 route del "$net" dev "$device" || exit 1; done
ip -6 route flush dev "$device" 2>/dev/null || :
`;

/** Whether this process can shut a container's way out: podman's bridges have no such setting (netavark before 1.8). */
export function canShut(tool: ContainerCli["tool"], bind: string): boolean {
  if (tool === "docker") return true;
  // Who comes from elsewhere needs the way back.
  return process.getuid?.() === 0 && isLoopback(bind) && ["nsenter", "ip"].every((name) => which(name) !== undefined);
}

/** Takes a podman container its way to the world and to other containers. Docker's network has none to begin with. */
export async function shutWayOut(cli: ContainerCli, container: string): Promise<void> {
  const { stdout } = await cli(["container", "inspect", "--format", "{{.State.Pid}}", container], {
    purpose: "shut the copy's way out",
  });
  const pid = stdout.trim();
  await run(["nsenter", `--net=/proc/${pid}/ns/net`, "sh", "-c", SHUT], { purpose: "shut the copy's way out" });
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
