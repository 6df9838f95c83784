import { rootCertificates } from "node:tls";
import { DittoError } from "./errors.ts";
import type { DatabaseUrl } from "./url.ts";

/** Texts in PEM. */
export interface TlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
}

const PARAMETERS = { ca: "sslrootcert", cert: "sslcert", key: "sslkey" } as const;

/** The contents of the files that a URL's parameters name. Throws `TLS_FILE` for one that is not there. */
export async function readTlsFiles(target: DatabaseUrl): Promise<TlsFiles> {
  const found: TlsFiles = {};
  for (const [part, parameter] of Object.entries(PARAMETERS) as [keyof TlsFiles, string][]) {
    const path = target.params[parameter];
    // libpq's word for the authorities that the system trusts.
    if (path === undefined || path === "system") continue;
    const file = Bun.file(path);
    if (!(await file.exists())) {
      throw new DittoError(`Cannot connect to ${target.host}: there is no file "${path}" (${parameter})`, {
        code: "TLS_FILE",
        exit: 2,
        hint: "Correct source.tls; its paths count from the configuration's folder",
      });
    }
    found[part] = await file.text();
  }
  return found;
}

/** What tools need: the driver trusts the authorities that Bun brings, tools trust none unless they are told. */
export async function tlsFilesForTools(target: DatabaseUrl): Promise<TlsFiles> {
  const files = await readTlsFiles(target);
  return files.ca === undefined && checksServer(target) ? { ...files, ca: rootCertificates.join("\n") } : files;
}

/** True when the server's certificate is checked: as the mode says, and, as with libpq, when an authority is named. */
export function checksServer(target: DatabaseUrl): boolean {
  const { sslmode = "prefer", sslrootcert } = target.params;
  return sslmode.startsWith("verify") || (sslmode === "require" && sslrootcert !== undefined);
}
