import { DittoError } from "../kit/errors.ts";
import { formatBytes } from "../kit/units.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { writeBaseFile } from "./base-file.ts";
import type { StepReport } from "./build.ts";
import { type BaseRecord, isMasked } from "./catalogue.ts";
import { officialImage } from "./recipe.ts";

/** A base that was written into a file, as JSON has it. */
export interface Exported {
  file: string;
  bytes: number;
  sha256: string;
  masked: boolean;
}

/** Writes a base into one file that another state folder can import. Throws `BASE_LOST` when its data is gone. */
export async function exportBase(
  base: BaseRecord,
  file: string,
  step: (title: string, total?: number) => StepReport,
): Promise<Exported> {
  const { default: manifest } = await import("../../package.json");
  const { frozen, ...record } = base;
  const masked = isMasked(base);
  const image = base.image ?? (frozen.runtime === "native" ? "" : officialImage(base.server));
  const runtime = await runtimeNamed(frozen.runtime, () => {});
  const written = await runtime
    .packFrozen(frozen, ({ tar, platform, libc }) => {
      const progress = step("Pack", frozen.bytes);
      const facts = { ditto_version: manifest.version, platform, libc, masked, image, base: record };
      return writeBaseFile(file, facts, { tar, tell: (bytes) => progress.update({ bytes }) });
    })
    .catch((error: DittoError) => {
      throw error.code === "BASE_LOST" ? lost(base, error) : error;
    });
  return { file, masked, ...written };
}

function lost(base: BaseRecord, cause: DittoError): DittoError {
  return new DittoError(`Cannot export base ${base.id}: its data is gone from ${base.frozen.runtime}`, {
    code: "BASE_LOST",
    hint: 'Build it again: "bun scripts/reseed.ts", or from its dump with --from',
    cause,
  });
}

/** What was written, in words. */
export function describeExport(base: BaseRecord, { file, bytes, masked }: Exported): string {
  const raw = masked ? "" : ". It is not masked: whoever reads it reads the source's rows";
  return `Base ${base.id} of "${base.project}" is in ${file} (${formatBytes(bytes)})${raw}`;
}
