import { DittoError } from "../../kit/errors.ts";
import { run, which } from "../../kit/exec.ts";

/** The user that servers and tools run as, by numbers. */
export interface Owner {
  uid: number;
  gid: number;
}

/** Nobody, for machines on which the engine's own user doesn't exist. */
const NOBODY: Owner = { uid: 65534, gid: 65534 };

const USERS: Record<string, string> = { postgres: "postgres", mysql: "mysql", mariadb: "mysql" };

/** True when this process is root, whose servers must run as somebody else. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** This process's own user. */
export function self(): Owner {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** The user of this flavour's servers: the engine's own when ditto runs as root, else ditto's. */
export async function serverOwner(flavour: string): Promise<Owner> {
  if (!isRoot()) return self();
  const name = USERS[flavour];
  if (name === undefined) return NOBODY;
  const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run(["id", flag, name], { check: false })));
  if (uid?.status !== 0 || gid?.status !== 0) return NOBODY;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** `uid:gid` as a record keeps it. */
export function ownerText(owner: Owner): string {
  return `${owner.uid}:${owner.gid}`;
}

/** Reads `uid:gid`. Throws when this process may not run as that user. */
export function parseOwner(text: string): Owner {
  const [uid, gid] = text.split(":").map(Number);
  const owner = { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN };
  const mine = Number.isInteger(owner.uid) && Number.isInteger(owner.gid) && (isRoot() || owner.uid === self().uid);
  if (mine && owner.uid !== 0) return owner;
  throw new DittoError(`Cannot run a server as user ${text}: this ditto runs as ${ownerText(self())}`, {
    code: "WRONG_USER",
    hint: "Run it as the user who made the base, or reseed as this one",
  });
}

/** argv in front of a command that makes it run as `owner` for good: no groups of ours, no way back by setuid files. */
export async function runAs(owner: Owner): Promise<string[]> {
  if (!isRoot()) return [];
  dropper ??= findDropper();
  const drop = await dropper;
  return drop(owner);
}

type Dropper = (owner: Owner) => string[];

let dropper: Promise<Dropper> | undefined;

const DROPPERS: Record<string, Dropper> = {
  setpriv: ({ uid, gid }) => [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--no-new-privs", "--"],
  // Of coreutils, so nearly everywhere; it lacks only the lock on setuid files.
  chroot: ({ uid, gid }) => [`--userspec=${uid}:${gid}`, "--groups=", "/"],
};

/** Some systems have a `setpriv` that knows none of these flags: only a trial tells. */
async function findDropper(): Promise<Dropper> {
  for (const [name, flags] of Object.entries(DROPPERS)) {
    const tool = which(name);
    if (!tool) continue;
    const { status } = await run([tool, ...flags(NOBODY), "true"], { check: false, cwd: "/" });
    if (status === 0) return (owner) => [tool, ...flags(owner)];
  }
  throw new DittoError('Cannot run a server as root: neither "setpriv" nor "chroot --userspec" works here', {
    code: "PRIVILEGES",
    hint: "Install util-linux, or run ditto as an ordinary user",
  });
}

let isolation: Promise<string[]> | undefined;

/**
 * argv in front of a command that cuts it off from every network; sockets in the file system still work. Empty where
 * the kernel doesn't let us: an ordinary user's user namespaces are often off, and macOS has none.
 */
export function withoutNetwork(): Promise<string[]> {
  isolation ??= findIsolation();
  return isolation;
}

async function findIsolation(): Promise<string[]> {
  const tool = which("unshare");
  if (!tool) return [];
  const argv = [tool, ...(isRoot() ? [] : ["--map-current-user"]), "--net", "--"];
  const { status } = await run([...argv, "true"], { check: false, cwd: "/" });
  return status === 0 ? argv : [];
}

/** $1 name, $2 address: the rest is run where the name means the address, as in a container with `--add-host`. */
const WITH_HOSTS = `
name=$1 address=$2; shift 2
hosts=$(mktemp) || exit 125
{ echo "$address $name"; cat /etc/hosts; } > "$hosts" && chmod 644 "$hosts" && mount --bind "$hosts" /etc/hosts || exit 125
rm -f "$hosts"
exec "$@"
`;

/**
 * argv in front of a tool for which `name` shall mean `address`, so that it checks the certificate of the name. Throws
 * `TLS_NAME` where the kernel lets us have no mounts of our own.
 */
export async function withHostName(name: string, address: string): Promise<string[]> {
  const tool = which("unshare");
  const space = [tool ?? "unshare", ...(isRoot() ? [] : ["--map-root-user"]), "--mount", "--"];
  const argv = [...space, "sh", "-c", WITH_HOSTS, "ditto", name, address];
  if (tool !== undefined && (await run([...argv, "true"], { check: false, cwd: "/" })).status === 0) return argv;
  throw new DittoError(`Cannot check the certificate of "${name}": this host's tools would check "${address}"`, {
    code: "TLS_NAME",
    hint: "Use --runtime docker, or let the name mean that address in /etc/hosts",
  });
}
