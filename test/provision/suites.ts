import { copyFileSync, existsSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, confined, must, say } from "./exec.ts";
import { cacheFolder } from "./report.ts";

export type Suite = "bookworm" | "trixie" | "sid";

/** Older trees ask the mirror for packages that it no longer has; sid loses some every day. */
const SUITE_LIFETIME_MS = 7 * 24 * 3600 * 1000;

const started = new Map<Suite, Promise<string>>();

/** The folder with a bare tree of that suite, made once per process and kept in the cache. */
export function suiteTree(suite: Suite): Promise<string> {
  const tree = started.get(suite) ?? makeSuiteTree(suite);
  started.set(suite, tree);
  return tree;
}

async function makeSuiteTree(suite: Suite): Promise<string> {
  const tree = join(cacheFolder("suites"), suite);
  if (existsSync(tree) && Date.now() - statSync(tree).mtimeMs < SUITE_LIFETIME_MS) return tree;
  const begun = performance.now();
  const unfinished = `${tree}.${process.pid}.unfinished`;
  const log = join(cacheFolder("logs"), `${suite}.log`);
  removeUnfinished(cacheFolder("suites"), suite);
  await bootstrap(suite, unfinished, log);
  configureApt(unfinished);
  await must(confined(["chroot", unfinished, "apt-get", "-q", "update"]), { log });
  rmSync(tree, { recursive: true, force: true });
  renameSync(unfinished, tree);
  say(`${suite} bootstrapped in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  return tree;
}

async function bootstrap(suite: Suite, tree: string, log: string): Promise<void> {
  const command = (keyring: string[]) =>
    confined([
      "debootstrap",
      "--variant=minbase",
      `--cache-dir=${cacheFolder("debs", suite)}`,
      ...keyring,
      suite,
      tree,
      mirror(),
    ]);
  if ((await attempt(command([]), { log })).status === 0) return;
  // This release's keyring may be older than the suite's key; its update brings newer keys, signed by the old ones.
  const keyring = await newestKeyring(log);
  rmSync(tree, { recursive: true, force: true });
  await must(command([`--keyring=${keyring}`]), { log });
}

async function newestKeyring(log: string): Promise<string> {
  const folder = cacheFolder("keyring");
  await attempt(["apt-get", "-q", "update"], { log });
  await must(["sh", "-c", 'cd "$0" && rm -f ./*.deb && apt-get -q download debian-archive-keyring', folder], { log });
  const [archive] = globSync(join(folder, "*.deb"));
  if (!archive) throw new Error("apt-get brought no debian-archive-keyring");
  await must(["dpkg-deb", "--extract", archive, folder], { log });
  return join(folder, "usr/share/keyrings/debian-archive-keyring.gpg");
}

/** Inside the tree, apt reaches the mirror the way this machine's own does (proxies, retries, validity). */
function configureApt(tree: string): void {
  copyFileSync("/etc/resolv.conf", join(tree, "etc/resolv.conf"));
  const { stdout } = Bun.spawnSync(["apt-config", "dump"]);
  const transport = stdout
    .toString()
    .split("\n")
    .filter((line) => /^Acquire::(https?|ftp|Check-|Retries|ForceIPv|By-Hash|Max-)/i.test(line));
  writeFileSync(join(tree, "etc/apt/apt.conf.d/90host"), `${transport.join("\n")}\nAcquire::Languages "none";\n`);
}

/** The Debian mirror that this machine's own apt uses. */
function mirror(): string {
  const files = ["/etc/apt/sources.list", ...globSync("/etc/apt/sources.list.d/*.{list,sources}")];
  const uris = files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").match(/^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?:\S+)/gm) ?? [])
    .flatMap((line) => line.match(/https?:\S+/)?.[0] ?? []);
  return uris.find((uri) => /\/debian\/?$/.test(uri)) ?? "http://deb.debian.org/debian";
}

function removeUnfinished(folder: string, prefix: string): void {
  for (const path of globSync(join(folder, `${prefix}.*.unfinished`))) rmSync(path, { recursive: true, force: true });
}
