import { withCleanup } from "../../lib/kit/cleanup.ts";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import type { Filled } from "./content.ts";
import { closeHome, type Home, openHome } from "./home.ts";
import { openNativeRoot } from "./native-root.ts";
import type { Group, Method, Plan } from "./plan.ts";

/** Where one block is measured: a state folder whose configuration says how copies are made. */
export interface Site {
  home: Home;
  method: Method;
  group: Group;
  source: Source;
  filled: Filled;
  /** "" unless the runtime is native. */
  nativeRoot: string;
}

const GIGABYTE = 1024 ** 3;

/** Bytes that a pool needs for two bases (the old one goes when the new one is complete), WAL, and copies that are written to. */
export function poolBytes(databaseBytes: number): number {
  return Math.round(3 * GIGABYTE + 8 * databaseBytes);
}

/** Opens a site, runs `work` on it and removes everything again. */
export async function withSite<T>(
  plan: Plan,
  place: Omit<Site, "home" | "nativeRoot">,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const { method, group, source, filled } = place;
  const home = openHome(plan.scratch, configFor(method, group, source, plan));
  return withCleanup(
    async () => {
      const nativeRoot = await prepareStorage(home, method, filled);
      return work({ ...place, home, nativeRoot });
    },
    () => closeHome(home.folder),
  );
}

function configFor(method: Method, { server }: Group, source: Source, plan: Plan): object {
  const { runtime, storage } = method;
  return {
    source: { url: source.url },
    runtime,
    storage,
    copy: { ...(runtime === "native" ? {} : { image: server.image }), max_copies: plan.runs + 50 },
    dump: { keep: 1, keep_bases: 1 },
    // Generated rows are nobody's.
    obfuscation: { unreviewed: "allow" },
  };
}

async function prepareStorage(home: Home, { runtime, storage }: Method, filled: Filled): Promise<string> {
  if (storage === "pool") {
    const tools = readProvisioned().poolTools ?? "";
    await home.run("pool", ["create", "--size", String(poolBytes(filled.bytes)), "--tools-image", tools]);
  }
  if (runtime !== "native") return "";
  return openNativeRoot(home, storage === "reflink" ? poolBytes(filled.bytes) : undefined);
}
