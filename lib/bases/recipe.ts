import { createHash } from "node:crypto";
import { servers } from "../engine/engines.ts";
import type { ServerVersion } from "../engine/index.ts";
import { profileOf } from "../mask/profile.ts";
import { type BaseRecord, basesOf } from "./catalogue.ts";
import { chooseBase, currentOf } from "./choice.ts";
import { type DetectedDump, isMaskedFile } from "./files.ts";
import type { ReseedRequest } from "./reseed.ts";
import { serverOfFile } from "./server-of-file.ts";

/** The image of the copies' server by its name; "" where the host's own server is taken. */
export function imageOf(request: Pick<ReseedRequest, "image" | "runtime">, plan: { server: ServerVersion }): string {
  return request.runtime.name === "native" ? "" : request.image || officialImage(plan.server);
}

/** The official image of a server's version, which also names the series of releases that read each other's files. */
export function officialImage(server: ServerVersion): string {
  return servers[server.flavour === "postgres" ? "postgres" : "mysql"].image(server);
}

/** A checksum of what decides, beside a dump's bytes and its server, what a build gives. */
export function recipeOf(request: ReseedRequest): string {
  const { selection, sideEffects, settings, storage, runtime, rawFile, masking } = request;
  const { roles, schemaOnly } = selection;
  const parts: unknown[] = [roles, schemaOnly, sideEffects, Object.entries(settings).sort(), storage, runtime.name];
  // Recipes that were written down before there were others stay what they were.
  if (rawFile === "label") parts.push(rawFile);
  else if (rawFile === "mask") parts.push(selection, masking.unreviewed);
  else if (masking.unreviewed !== "fail") parts.push(masking.unreviewed);
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * The base that was built of this very dump before, by the same recipe and for the same server, if its data is there; it
 * becomes the one that `create` takes. Undefined when there is none.
 */
export async function builtBefore(request: ReseedRequest, file: DetectedDump): Promise<BaseRecord | undefined> {
  if (file.sha256 === undefined) return undefined;
  if (request.masking.newKey) return undefined;
  const isMaskedHere = request.rawFile === "mask" && !isMaskedFile(file);
  const profile = isMaskedHere ? profileOf(request.masking.rules) : (file.profile ?? "none");
  const server = serverOfFile(file, request.image);
  const [image, recipe] = [imageOf(request, { server }), recipeOf(request)];
  const bases = await basesOf(request);
  for (const base of bases) {
    const sameDump = [base.dumpSha256, base.fileSha256].includes(file.sha256);
    const sameServer = base.image === image && (image !== "" || officialImage(base.server) === officialImage(server));
    const sameName = base.profile === profile && base.database === (file.database || "app");
    if (!sameDump || !sameServer || !sameName || base.recipe !== recipe) continue;
    if (!(await hasWritten(request, { base, newest: base === bases[0] }))) continue;
    if (!(await request.runtime.exists(base.frozen))) continue;
    if (!base.raw && (await currentOf(bases)) !== base) await chooseBase(base);
    request.warn(`Base ${base.id} was built of this very dump, so it is taken; --rebuild builds it again`);
    return base;
  }
  return undefined;
}

/** True when the files that a reseed writes besides are there and are this base's: a report names it, the others are the last one's. */
export async function hasWritten(
  { dumpPath, schemaPath, reportPath }: Pick<ReseedRequest, "dumpPath" | "schemaPath" | "reportPath">,
  { base, newest }: { base: Pick<BaseRecord, "id">; newest: boolean },
): Promise<boolean> {
  const files = [dumpPath, schemaPath].filter((path) => path !== "");
  if (files.length > 0 && !newest) return false;
  const there = await Promise.all(files.map((path) => Bun.file(path).exists()));
  if (!there.every(Boolean)) return false;
  if (reportPath === "") return true;
  const report = Bun.file(reportPath);
  return (await report.exists()) && (await report.text()).includes(base.id);
}
