import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { homedir, networkInterfaces } from "node:os";
import { join } from "node:path";
import { run } from "../../kit/exec.ts";
import { HERE } from "../index.ts";
import type { ContainerCli } from "./cli.ts";

/** The host on whose ports the daemon publishes: {@link HERE} when it is this machine, else as this machine calls it. */
export async function daemonHost(cli: ContainerCli, mountinfo = "/proc/self/mountinfo"): Promise<string> {
  if (cli.tool === "podman") return HERE;
  const endpoint = process.env.DOCKER_HOST || (await contextEndpoint(cli));
  const address = addressIn(endpoint);
  if (address === undefined) return hostAround(cli, mountinfo);
  const host = address.ssh ? await sshHostname(address.login, address.host) : address.host;
  return (await isThisMachine(host)) ? HERE : host;
}

/**
 * Where ditto itself runs in a container of the daemon, whose socket it was given, the daemon publishes on ports of the host
 * around it: at the gateway of this container's network. Otherwise {@link HERE}.
 */
async function hostAround(cli: ContainerCli, mountinfo: string): Promise<string> {
  const mounts = await readFile(mountinfo, "utf8").catch(() => "");
  const own = /\/containers\/([0-9a-f]{64})\/hostname \/etc\/hostname /.exec(mounts)?.[1];
  if (own === undefined) return HERE;
  const format = "{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}";
  // A daemon in this very container doesn't know it; one that shares the host's network has no gateway.
  const { status, stdout } = await cli(["container", "inspect", "--format", format, own], { check: false });
  return (status === 0 && stdout.trim().split(" ")[0]) || HERE;
}

/** Where docker's current context leads; "" without asking docker when none was chosen. */
async function contextEndpoint(cli: ContainerCli): Promise<string> {
  const folder = process.env.DOCKER_CONFIG || join(homedir(), ".docker");
  const settings = await readFile(join(folder, "config.json"), "utf8").catch(() => "");
  if (!process.env.DOCKER_CONTEXT && !settings.includes('"currentContext"')) return "";
  const inspect = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
  const { stdout } = await cli(inspect, { purpose: "find out where docker's context leads" });
  return stdout.trim();
}

/** The address in `tcp://host:2375`, also without `tcp://`, or `ssh://user@host`; undefined for sockets and pipes. */
function addressIn(endpoint: string): { ssh: boolean; login: string; host: string } | undefined {
  const found =
    /^(?:(?:tcp|https?|(?<ssh>ssh)):\/\/)?(?<login>(?:[^/@]*@)?)(?<host>\[[^\]]+\]|[^/:@]+)(?::\d+)?(?:\/.*)?$/.exec(
      endpoint,
    );
  if (!found?.groups) return undefined;
  const { ssh, login = "", host = "" } = found.groups;
  return { ssh: ssh !== undefined, login, host: host.replace(/^\[|\]$/g, "") };
}

/** What ssh connects to: its configuration may give a machine a name that nothing else knows. */
async function sshHostname(login: string, host: string): Promise<string> {
  const said = await run(["ssh", "-G", `${login}${host}`], { check: false }).catch(() => undefined);
  return /^hostname (.+)$/m.exec(said?.stdout ?? "")?.[1] ?? host;
}

async function isThisMachine(host: string): Promise<boolean> {
  const found = await lookup(host, { all: true }).catch(() => []);
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map((one) => one.address) ?? []),
  );
  return found.some(({ address }) => own.has(address));
}
