import { isMysql } from "../../engine/mysql/version.ts";
import { DittoError } from "../../kit/errors.ts";
import type { SourceBuild } from "../build.ts";

/** How a tool logs in to the source: arguments without secrets, and the option file that holds them. */
export interface SourceLogin {
  args: string[];
  secretFile: string;
  /** Removes the certificates that were put beside the tools. */
  forget(): Promise<void>;
}

/** The source's address, password and TLS settings for a client tool in the toolbox. */
export async function sourceLogin(build: SourceBuild): Promise<SourceLogin> {
  const { source, toolbox } = build;
  const files = await sendCertificates(build);
  const where =
    source.socket === undefined
      ? { host: source.host, port: String(source.port), protocol: "tcp" }
      : { socket: source.socket };
  const options = { ...where, user: source.user, password: source.password, ...(await tlsOptions(build)), ...files };
  const lines = Object.entries(options).map(([name, value]) => `${name}=${quoteOption(value)}`);
  return {
    args: ["--defaults-file={secretFile}"],
    secretFile: `[client]\n${lines.join("\n")}\n`,
    async forget() {
      const paths = Object.values(files);
      if (paths.length > 0) await toolbox.run({ tool: "rm", args: ["-f", ...paths] });
    },
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
      require: "REQUIRED",
      "verify-ca": "VERIFY_CA",
      "verify-full": "VERIFY_IDENTITY",
    };
    // Where the login isn't encrypted, caching_sha2_password needs the server's key once.
    return { "ssl-mode": words[mode] ?? "PREFERRED", "loose-get-server-public-key": "1" };
  }
  const [row] = await session.query<{ Value: string }>("SHOW STATUS LIKE 'Ssl_cipher'");
  if (!row?.Value) return { "skip-ssl": "1" };
  return { ssl: "1", "ssl-verify-server-cert": mode.startsWith("verify") ? "1" : "0" };
}

/** Puts certificates of this host where the tools can read them. */
async function sendCertificates({ source, toolbox }: SourceBuild): Promise<Record<string, string>> {
  const names = { sslrootcert: "ssl-ca", sslcert: "ssl-cert", sslkey: "ssl-key" };
  const sent: Record<string, string> = {};
  for (const [parameter, option] of Object.entries(names)) {
    const path = source.params[parameter];
    if (path === undefined) continue;
    const target = `${toolbox.work}/${option}.pem`;
    const script = 'umask 077; cat > "$1"';
    const { status } = await toolbox.run(
      { tool: "sh", args: ["-c", script, "sh", target] },
      { input: await Bun.file(path).text() },
    );
    if (status !== 0)
      throw new DittoError(`Cannot use "${path}": it can't be put beside the dump tools`, { code: "TLS_FILE" });
    sent[option] = target;
  }
  return sent;
}
