import { isIP } from "node:net";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { isLoopback } from "../runtime/docker/network.ts";
import { HERE, type Runtime } from "../runtime/index.ts";

/** Where a copy is found. */
export interface CopyAddress {
  /** What its port is bound to, where its server runs. */
  bind: string;
  /** What URLs say. */
  host: string;
  /** Where ditto logs in, when its server runs on another machine. */
  reach?: string;
}

/** Where copies are found, as configured. Throws `BIND_UNREACHABLE` when that is nowhere from here. */
export async function addressOf({ copy }: Config, runtime: Runtime): Promise<CopyAddress> {
  const { bind } = copy;
  const advertised = copy.advertise_host || process.env.DITTO_ADVERTISE_HOST;
  const daemon = await runtime.host();
  const host = advertised || (isWildcard(bind) ? daemon : bind);
  if (daemon === HERE) return { bind, host };
  if (isWildcard(bind)) return { bind, host, reach: daemon };
  if (!isLoopback(bind) || bind === daemon) return { bind, host, reach: bind };
  // Its ports are forwarded by somebody, to where the URLs say.
  if (advertised) return { bind, host, reach: advertised };
  throw new DittoError(
    `Cannot reach copies: the ${runtime.name} daemon runs on "${daemon}", and copy.bind (${bind}) is that machine alone`,
    {
      code: "BIND_UNREACHABLE",
      exit: 2,
      hint: `Set copy.bind to ${isIP(daemon) ? `${daemon}, to 0.0.0.0` : "0.0.0.0"}, or to an address of "${daemon}" that only you reach (DITTO_COPY__BIND=${isIP(daemon) ? daemon : "0.0.0.0"} in CI); if you forward copy.ports from there, set copy.advertise_host to where they arrive`,
    },
  );
}

/** True for every address of a machine. */
function isWildcard(bind: string): boolean {
  return bind === "0.0.0.0" || bind === "::";
}

/** Where this machine reaches a copy. */
export function loginHost({ bind, reach }: Pick<CopyAddress, "bind" | "reach">): string {
  return reach ?? (isWildcard(bind) ? HERE : bind);
}
