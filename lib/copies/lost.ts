import type { CloneMethod } from "../runtime/index.ts";

/** What is the matter with a copy whose data is gone, and what to do. */
export function lostCopy({ id, name }: { id: string; name: string }): string {
  const again = `"bun scripts/copy.ts reset ${name || id}" makes it again from its base, on the same URL`;
  return `its data is gone; ${again}, "delete" forgets it`;
}

/** What is the matter with a base whose data is gone, and what becomes of it. */
export function lostBase({ method, dump_key }: { method: CloneMethod; dump_key: string }): string {
  const what = method === "image" ? "its data is gone" : "its data, or the image of its server, is gone";
  const again = dump_key === "" ? "" : "the next create makes it again if its dump is still there, else ";
  return `${what}; ${again}"bun scripts/reseed.ts" makes a new one`;
}
