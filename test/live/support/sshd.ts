import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, must } from "../../provision/exec.ts";
import { until } from "./until.ts";

/** An sshd of a test's own. */
export interface Sshd {
  /** Arguments of ssh's that lead there and log in, without a command. */
  login: string;
  /** A configuration of ssh's in which the server is called "box". */
  config: string;
  stop(): void;
}

/** Starts an sshd whose keys lie below `folder`; with `command` nothing else is run there. */
export async function startSshd(
  folder: string,
  { address = "127.0.0.1", command }: { address?: string; command?: string } = {},
): Promise<Sshd> {
  const own = join(folder, "ssh");
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(own, name);
  const write = (name: string, lines: string[]) => writeFileSync(at(name), `${lines.join("\n")}\n`);
  for (const name of ["host", "id"]) {
    rmSync(at(name), { force: true });
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
  }
  const restriction = command === undefined ? "" : `command="${command}" `;
  write("authorized_keys", [restriction + (await Bun.file(at("id.pub")).text()).trim()]);
  chmodSync(at("authorized_keys"), 0o600);
  mkdirSync("/run/sshd", { recursive: true });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  write("sshd_config", [
    ...[`Port ${port}`, `ListenAddress ${address}`, `HostKey ${at("host")}`, `PidFile ${at("pid")}`],
    ...[
      `AuthorizedKeysFile ${at("authorized_keys")}`,
      "PermitRootLogin prohibit-password",
      "StrictModes no",
      "UsePAM no",
    ],
  ]);
  write("config", [
    ...["Host box", `HostName ${address}`, `Port ${port}`, `IdentityFile ${at("id")}`, "BatchMode yes"],
    ...["StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "LogLevel ERROR"],
  ]);
  const server = Bun.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", at("sshd_config")], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  await until(async () => (await attempt(["ssh-keyscan", "-p", String(port), address])).stdout.includes("ed25519"));
  return { login: `-F ${at("config")} "$(id -un)@box"`, config: at("config"), stop: () => server.kill() };
}
