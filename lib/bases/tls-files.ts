import { DittoError } from "../kit/errors.ts";
import { tlsFilesForTools } from "../kit/tls-files.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Toolbox } from "../runtime/index.ts";

/** Files for TLS beside the tools of a toolbox. */
export interface SentTlsFiles {
  /** Their paths as the tools see them, by the URL's parameters. */
  paths: Partial<Record<"sslrootcert" | "sslcert" | "sslkey", string>>;
  /** Removes them. */
  forget(): Promise<void>;
}

/**
 * Puts the files that TLS needs where the tools see them, 0600 and theirs: a mount of the user's own files would keep the
 * user's number, and tools refuse a key that is not theirs.
 */
export async function sendTlsFiles(source: DatabaseUrl, toolbox: Toolbox): Promise<SentTlsFiles> {
  const { ca, cert, key } = await tlsFilesForTools(source);
  const paths: Record<string, string> = {};
  for (const [name, content] of Object.entries({ sslrootcert: ca, sslcert: cert, sslkey: key })) {
    if (content === undefined) continue;
    const path = `${toolbox.work}/${name}.pem`;
    const write = { tool: "sh", args: ["-c", 'umask 077; cat > "$1"', "sh", path] };
    const { status } = await toolbox.run(write, { input: content });
    if (status !== 0) {
      throw new DittoError(`Cannot use source.tls: the file for ${name} can't be put beside the dump tools`, {
        code: "TLS_FILE",
        hint: "Check the free space where the tools run",
      });
    }
    paths[name] = path;
  }
  return {
    paths,
    async forget() {
      const files = Object.values(paths);
      if (files.length > 0) await toolbox.run({ tool: "rm", args: ["-f", ...files] });
    },
  };
}
