import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../provision/exec.ts";
import { type Source, startSource } from "../../provision/sources.ts";

/** The name that the servers' certificates are for, and that nothing resolves. */
export const TLS_NAME = "db.ditto.test";

/** Where the files of an authority lie. */
export interface Authority {
  folder: string;
  /** Its certificate. */
  ca: string;
}

/** A private authority in `folder`, with a server's certificate for {@link TLS_NAME} (`server.pem`, `server.key`). */
export async function makeAuthority(folder: string): Promise<Authority> {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => must(["openssl", ...args]);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    ...["req", "-x509", ...key, "-days", "30", "-subj", "/CN=A private authority"],
    ...["-keyout", at("ca.key"), "-out", at("ca.pem")],
  );
  await openssl("req", ...key, "-subj", `/CN=${TLS_NAME}`, "-keyout", at("server.key"), "-out", at("server.csr"));
  writeFileSync(at("names"), `subjectAltName=DNS:${TLS_NAME}\n`);
  await openssl(
    ...["x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"],
    ...["-days", "30", "-extfile", at("names"), "-out", at("server.pem")],
  );
  // The container's server has a number of its own.
  chmodSync(folder, 0o755);
  chmodSync(at("server.key"), 0o644);
  return { folder, ca: at("ca.pem") };
}

/** A server that takes encrypted connections only, with a certificate of this authority. */
export async function startTlsSource(engine: "postgres" | "mariadb", authority: Authority): Promise<Source> {
  const mounts = { [authority.folder]: "/tls" };
  const files = ["--ssl-ca=/tls/ca.pem", "--ssl-cert=/tls/server.pem", "--ssl-key=/tls/server.key"];
  const source =
    engine === "postgres"
      ? await startSource({ engine, version: "17", name: "tls-pg", mounts })
      : await startSource({ engine, version: "11.8", name: "tls-maria", mounts, args: files });
  if (engine === "mariadb") {
    await source.sql("SET GLOBAL require_secure_transport = ON");
    return source;
  }
  // Postgres takes no key that others may read.
  const [data = ""] = (await source.sql("SHOW data_directory")).split("\n");
  const script = `install -o postgres -m 600 /tls/server.key "$1/server.key" && install -o postgres /tls/server.pem "$1/server.crt" &&
    sed -i -E 's/^host(\\s+all\\s+all\\s+(all|0\\.0\\.0\\.0\\/0))/hostssl\\1/' "$1/pg_hba.conf"`;
  await must(["docker", "exec", "--user", "root", source.containerName, "sh", "-c", script, "sh", data.trim()]);
  await source.sql("ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf()");
  return source;
}
