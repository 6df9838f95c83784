import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { containerCli } from "../../../lib/runtime/docker/cli.ts";
import { daemonHost } from "../../../lib/runtime/docker/daemon-host.ts";
import { setEnvironment } from "../bases/environment.ts";

let folder: string;
let restore: () => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-daemon-host-"));
  const path = `${join(folder, "bin")}:${process.env.PATH}`;
  restore = setEnvironment({ DOCKER_HOST: "", DOCKER_CONTEXT: "", DOCKER_CONFIG: join(folder, "docker"), PATH: path });
});
afterEach(() => {
  restore();
  rmSync(folder, { recursive: true, force: true });
});

function stub(tool: string, script: string): void {
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "bin", tool), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "bin", tool), 0o755);
}

const hostOf = (tool: "docker" | "podman" = "docker") => daemonHost(containerCli(tool));

test("a daemon behind a socket, a pipe or an address of this machine is here", async () => {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const address = own.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
  const here = [
    "",
    "unix:///run/docker.sock",
    "npipe:////./pipe/docker",
    "tcp://localhost:2375",
    `tcp://${address}:2375`,
  ];
  for (const endpoint of [...here, "tcp://127.0.0.1:2375", "tcp://:2375"]) {
    process.env.DOCKER_HOST = endpoint;
    expect({ endpoint, host: await hostOf() }).toEqual({ endpoint, host: "127.0.0.1" });
  }
});

test("DOCKER_HOST says where else it is", async () => {
  const elsewhere = {
    "tcp://docker.invalid:2375": "docker.invalid",
    "docker.invalid:2375": "docker.invalid",
    "https://docker.invalid:2376/": "docker.invalid",
    "tcp://127.0.0.2:2375": "127.0.0.2",
    "tcp://[2001:db8::7]:2375": "2001:db8::7",
  };
  for (const [endpoint, host] of Object.entries(elsewhere)) {
    process.env.DOCKER_HOST = endpoint;
    expect({ endpoint, host: await hostOf() }).toEqual({ endpoint, host });
  }
});

test("ssh's short name for a machine is not what URLs say", async () => {
  process.env.DOCKER_HOST = "ssh://dev@box:2222";
  stub("ssh", `echo "$*" > ${folder}/asked; printf 'user dev\\nhostname box.invalid\\n'`);
  expect(await hostOf()).toBe("box.invalid");
  expect(await Bun.file(join(folder, "asked")).text()).toBe("-G dev@box\n");
  stub("ssh", "exit 255");
  expect(await hostOf()).toBe("box");
});

test("the current context says it where DOCKER_HOST is not set, and docker isn't asked without one", async () => {
  stub("docker", `echo "$*" >> ${folder}/asked; echo tcp://context.invalid:2376`);
  mkdirSync(join(folder, "docker"));
  writeFileSync(join(folder, "docker", "config.json"), '{ "auths": {} }');
  expect(await hostOf()).toBe("127.0.0.1");
  writeFileSync(join(folder, "docker", "config.json"), '{ "currentContext": "far" }');
  expect(await hostOf()).toBe("context.invalid");
  process.env.DOCKER_HOST = "unix:///run/docker.sock";
  expect(await hostOf()).toBe("127.0.0.1");
  expect(await Bun.file(join(folder, "asked")).text()).toBe("context inspect --format {{.Endpoints.docker.Host}}\n");
});

test("podman's ports are this machine's, whatever is said to docker", async () => {
  process.env.DOCKER_HOST = "tcp://docker.invalid:2375";
  expect(await hostOf("podman")).toBe("127.0.0.1");
});

test("a daemon whose container this process runs in, by the socket that it was given, is at the gateway", async () => {
  stub(
    "docker",
    `echo "$@" >> ${join(folder, "asked")}; [ "$5" = ${"a".repeat(64)} ] && echo "172.30.0.1 10.9.0.1 " || exit 1`,
  );
  const mounts = join(folder, "mountinfo");
  const line = (id: string) =>
    `870 850 254:0 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/vda rw\n`;
  const around = (text: string) => {
    writeFileSync(mounts, text);
    return daemonHost(containerCli("docker"), mounts);
  };
  expect(await around(line("a".repeat(64)))).toBe("172.30.0.1");
  // A daemon of this container's own doesn't know it.
  expect(await around(line("b".repeat(64)))).toBe("127.0.0.1");
  rmSync(join(folder, "asked"));
  expect(await around("870 850 254:0 / / rw - ext4 /dev/vda rw\n")).toBe("127.0.0.1");
  expect(existsSync(join(folder, "asked"))).toBe(false);
});
