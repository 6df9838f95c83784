import type { ServerVersion } from "../index.ts";

/** Tells the flavour and the plain version from what a server (or `mysqld --version`) says of itself. */
export function parseServerVersion(text: string, comment = ""): ServerVersion {
  const flavour = /mariadb/i.test(`${text} ${comment}`) ? "mariadb" : "mysql";
  // MariaDB before 11 puts a MySQL version in front for old replicas: 5.5.5-10.11.6-MariaDB.
  const version = /(\d+\.\d+\.\d+)/.exec(text.replace(/^5\.5\.5-/, ""))?.[1] ?? text;
  return { flavour, version };
}

/**
 * The version of a client tool by what it prints for `--version`. Behind `Ver` older ones have a number of their own:
 * `mysqldump  Ver 10.13 Distrib 5.7.44, for Linux`, `mariadb-dump from 11.8.3-MariaDB, client 10.19`.
 */
export function parseToolVersion(text: string): ServerVersion {
  const own = /(?:Distrib|from) (\S+)/.exec(text)?.[1] ?? /Ver (\S+)/.exec(text)?.[1] ?? text;
  return parseServerVersion(own, text);
}

/** `11.8` of `11.8.3`. */
export function majorMinorOf(server: ServerVersion): string {
  return /^\d+\.\d+/.exec(server.version)?.[0] ?? server.version;
}

/** True when the server's version is `minimum` or later; only sensible within one flavour. */
export function atLeast(server: ServerVersion, minimum: string): boolean {
  const mine = server.version.split(".").map((part) => Number.parseInt(part, 10));
  for (const [index, part] of minimum.split(".").entries()) {
    const difference = (mine[index] ?? 0) - Number(part);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** True for MySQL (not MariaDB) from `minimum` on. */
export function isMysql(server: ServerVersion, minimum = "0"): boolean {
  return server.flavour === "mysql" && atLeast(server, minimum);
}

/** True for MariaDB from `minimum` on. */
export function isMariadb(server: ServerVersion, minimum = "0"): boolean {
  return server.flavour === "mariadb" && atLeast(server, minimum);
}
