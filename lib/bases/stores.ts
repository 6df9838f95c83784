import { usageError } from "../kit/errors.ts";
import { homePath } from "../kit/state.ts";
import { openFolder } from "./folder-store.ts";
import { openS3Store } from "./s3-store.ts";
import type { DumpStore } from "./store.ts";

type StoreKind = "folder" | "s3";

const stores = {
  folder: openFolder,
  s3: openS3Store,
} satisfies Record<StoreKind, (address: string) => DumpStore>;

/** The store that the configuration names, or `~/.ditto/dumps`. Nothing is contacted yet. Throws exit 2. */
export function openStore(configured: string): DumpStore {
  return stores[kindOf(configured)](configured || homePath("dumps"));
}

function kindOf(configured: string): StoreKind {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(configured)?.[1]?.toLowerCase();
  if (scheme === undefined) return "folder";
  if (scheme === "s3") return "s3";
  throw usageError(
    `Cannot use dump.store: ditto keeps no dumps at "${scheme}://…"`,
    "Name a folder, or s3://bucket/prefix; many other stores speak S3 too: set AWS_ENDPOINT_URL",
  );
}
