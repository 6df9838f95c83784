import { isMysql } from "../../engine/mysql/version.ts";
import { checksServer } from "../../kit/tls-files.ts";
import type { SourceBuild } from "../build.ts";
import { toolAddress } from "../reach.ts";
import { sendTlsFiles } from "../tls-files.ts";

/** How a tool logs in to the source: arguments without secrets, and the option file that holds them. */
export interface SourceLogin {
  args: string[];
  secretFile: string;
  /** Removes the certificates that were put beside the tools. */
  forget(): Promise<void>;
}

const FILE_OPTIONS = { sslrootcert: "ssl-ca", sslcert: "ssl-cert", sslkey: "ssl-key" } as const;

/** The source's address, password and TLS settings for a client tool in the toolbox. */
export async function sourceLogin(build: SourceBuild): Promise<SourceLogin> {
  const { source, toolbox } = build;
  const tls = await sendTlsFiles(source, toolbox);
  const files = Object.fromEntries(
    Object.entries(tls.paths).map(([name, path]) => [FILE_OPTIONS[name as keyof typeof FILE_OPTIONS], path]),
  );
  const { host, port } = toolAddress(source, toolbox);
  const where = source.socket === undefined ? { host, port: String(port), protocol: "tcp" } : { socket: source.socket };
  const options = { ...where, user: source.user, password: source.password, ...(await tlsOptions(build)), ...files };
  const lines = Object.entries(options).map(([name, value]) => `${name}=${quoteOption(value)}`);
  return {
    args: ["--defaults-file={secretFile}"],
    secretFile: `[client]\n${lines.join("\n")}\n`,
    forget: tls.forget,
  };
}

/** A value in an option file, where `#` begins a comment and backslashes escape. */
export function quoteOption(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** The URL's TLS mode in the words of the server's own client. */
async function tlsOptions({ source, look, session }: SourceBuild): Promise<Record<string, string>> {
  if (source.socket !== undefined) return {};
  const mode = source.params.sslmode ?? "prefer";
  if (isMysql(look.server)) {
    const words: Record<string, string> = {
      disable: "DISABLED",
      require: checksServer(source) ? "VERIFY_CA" : "REQUIRED",
      "verify-ca": "VERIFY_CA",
      "verify-full": "VERIFY_IDENTITY",
    };
    // Where the login isn't encrypted, caching_sha2_password needs the server's key once.
    return { "ssl-mode": words[mode] ?? "PREFERRED", "loose-get-server-public-key": "1" };
  }
  const [row] = await session.query<{ Value: string }>("SHOW STATUS LIKE 'Ssl_cipher'");
  if (!row?.Value) return { "skip-ssl": "1" };
  // MariaDB's tools check the certificate with its name, or neither.
  return { ssl: "1", "ssl-verify-server-cert": mode.startsWith("verify") ? "1" : "0" };
}
