import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, must, say } from "./exec.ts";
import { cacheFolder, type Missing } from "./report.ts";

interface Need {
  what: string;
  packages: string[];
  present: () => boolean;
}

const POLICY = "/usr/sbin/policy-rc.d";
const POLICY_MARK = "# made by ditto's test/provision.ts";

const NEEDS: Need[] = [
  { what: "Docker", packages: ["docker.io", "iptables"], present: () => has("docker") && has("iptables") },
  // Until Debian 12 the client was in docker.io itself.
  { what: "Docker's client", packages: ["docker-cli"], present: () => has("docker") || codename() === "bookworm" },
  { what: "podman", packages: ["podman", "runc", "catatonit"], present: () => has("podman") && has("runc") },
  {
    what: "podman's network",
    packages: ["netavark", "aardvark-dns"],
    present: () => existsSync("/usr/lib/podman/netavark") && existsSync("/usr/lib/podman/aardvark-dns"),
  },
  { what: "native Postgres", packages: ["postgresql"], present: () => postgresBin() !== null },
  { what: "native MariaDB", packages: ["mariadb-server"], present: () => mariadbServer() !== null },
  { what: "debootstrap", packages: ["debootstrap"], present: () => has("debootstrap") },
  { what: "btrfs tools", packages: ["btrfs-progs"], present: () => has("mkfs.btrfs") },
  { what: "XFS tools", packages: ["xfsprogs"], present: () => has("mkfs.xfs") },
  { what: "ssh", packages: ["openssh-server", "openssh-client"], present: () => has("sshd") && has("ssh") },
  { what: "openssl", packages: ["openssl"], present: () => has("openssl") },
  { what: "PgBouncer", packages: ["pgbouncer"], present: () => has("pgbouncer") },
  { what: "fish", packages: ["fish"], present: () => has("fish") },
  { what: "zsh", packages: ["zsh"], present: () => has("zsh") },
  { what: "Chromium", packages: ["chromium", "fonts-liberation"], present: () => has("chromium") },
  { what: "zstd", packages: ["zstd"], present: () => has("zstd") },
];

/** Installs what is missing where it may (root on Debian), and returns what still is. */
export async function installPackages(): Promise<Missing[]> {
  const absent = NEEDS.filter((need) => !need.present());
  if (absent.length === 0) return [];
  const refusal = whyNotInstall();
  if (refusal === undefined) await install(absent.flatMap((need) => need.packages));
  return absent
    .filter((need) => !need.present())
    .map((need) => ({
      what: need.what,
      why: refusal ?? "apt-get did not bring it",
      fix: `apt-get install ${need.packages.join(" ")}`,
    }));
}

/** The `bin` directory of the newest Postgres that Debian's packages installed. */
export function postgresBin(): string | null {
  const found = globSync("/usr/lib/postgresql/*/bin/initdb").map((path) => path.replace(/\/initdb$/, ""));
  return found.sort((a, b) => majorIn(b) - majorIn(a))[0] ?? null;
}

export function mariadbServer(): string | null {
  return Bun.which("mariadbd", { PATH: systemPath() });
}

/** Why packages can't be installed here; undefined when they can. */
export function whyNotInstall(): string | undefined {
  if (process.env.DITTO_OFFLINE === "1") return "DITTO_OFFLINE=1 forbids installing it";
  if (process.getuid?.() !== 0) return "installing it needs root";
  if (codename() === undefined || !has("apt-get")) return "only Debian's packages are installed by the test command";
  return undefined;
}

/** Debian's name of this release, undefined elsewhere. */
function codename(): string | undefined {
  if (!existsSync("/etc/os-release")) return undefined;
  const release = readFileSync("/etc/os-release", "utf8");
  return /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] : undefined;
}

async function install(packages: string[]): Promise<void> {
  say(`installing ${packages.join(" ")}`);
  const log = join(cacheFolder("logs"), "apt.log");
  const options = { log, env: { DEBIAN_FRONTEND: "noninteractive" } };
  const command = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "install", "--no-install-recommends"];
  const leaveServicesStopped = forbidServices();
  try {
    if ((await attempt([...command, ...packages], options)).status === 0) return;
    // One unreachable third-party source fails the update though Debian's own lists came: let the install judge.
    await attempt(["apt-get", "-q", "update"], options);
    await must([...command, ...packages], options);
  } finally {
    leaveServicesStopped();
  }
}

/**
 * Keeps package scripts from starting servers. The policy only holds while this process lives, so that a killed run
 * does not leave a machine on which no package can start its service.
 */
function forbidServices(): () => void {
  const ours = existsSync(POLICY) && readFileSync(POLICY, "utf8").includes(POLICY_MARK);
  if (existsSync(POLICY) && !ours) return () => {};
  const lines = [
    "#!/bin/sh",
    POLICY_MARK,
    `kill -0 ${process.pid} 2> /dev/null || exit 0`,
    "case $1 in docker* | containerd*) [ ! -d /run/systemd/system ] || exit 0 ;; esac",
    "exit 101",
  ];
  writeFileSync(POLICY, `${lines.join("\n")}\n`, { mode: 0o755 });
  return () => rmSync(POLICY, { force: true });
}

function has(command: string): boolean {
  return Bun.which(command, { PATH: systemPath() }) !== null;
}

/** Servers and file system tools lie in sbin, which not every root shell has in its PATH. */
function systemPath(): string {
  return `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
}

function majorIn(path: string): number {
  return Number(/postgresql\/(\d+)/.exec(path)?.[1] ?? 0);
}
