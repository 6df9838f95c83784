import { ownerTag } from "../../kit/owner.ts";
import { homeId } from "../../kit/state.ts";
import type { ThingKind } from "../index.ts";

/** Labels say only whose a thing is and who is making it; what changes stands in the record. */
export async function labels(
  kind: ThingKind,
  id: string,
  extra: Record<string, string> = {},
): Promise<Record<string, string>> {
  return {
    "ditto.managed": "true",
    "ditto.home": await homeId(),
    "ditto.kind": kind,
    "ditto.id": id,
    "ditto.owner": await ownerTag(),
    ...extra,
  };
}

/** `--label k=v …` */
export async function labelFlags(kind: ThingKind, id: string, extra: Record<string, string> = {}): Promise<string[]> {
  return Object.entries(await labels(kind, id, extra)).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
}

/** The marker file of a directory in a pool or volume: what labels say, and the expiry, which labels can't change. */
export async function placeMarker(kind: ThingKind, id: string, expiresAt: string | null): Promise<string> {
  const marker = {
    version: 1,
    kind,
    id,
    home: await homeId(),
    owner: await ownerTag(),
    createdAt: new Date().toISOString(),
    expiresAt,
  };
  return `${JSON.stringify(marker)}\n`;
}
