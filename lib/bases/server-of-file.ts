import { servers } from "../engine/engines.ts";
import type { ServerVersion } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import type { DetectedDump } from "./files.ts";

/** The version to run a file on: what the image's name says, else what the file says of itself. */
export function serverOfFile(file: DetectedDump, image: string): ServerVersion {
  const named = /(postgres|postgis|timescaledb|mariadb|mysql)[^:]*:(?:.*?pg)?(\d+(?:\.\d+)*)/i.exec(image);
  const family = named?.[1]?.toLowerCase();
  const flavour = family === "mariadb" || family === "mysql" ? family : family ? "postgres" : undefined;
  const version = named?.[2] ?? file.version;
  const kind = flavour ?? file.flavour;
  if (file.engine && kind && servers[file.engine].name !== (kind === "postgres" ? "postgres" : "mysql")) {
    throw new DittoError(`Cannot load "${file.name}": it is a ${file.flavour} dump and copy.image is "${image}"`, {
      code: "ENGINE_MISMATCH",
      exit: 2,
      hint: `Name an image of ${file.flavour} in copy.image, or leave it out`,
    });
  }
  if (kind === undefined || version === undefined) {
    throw new DittoError(`Cannot load "${file.name}": it does not say which server it is for`, {
      code: "ENGINE_UNKNOWN",
      exit: 2,
      hint: "Name the server in copy.image, e.g. postgres:17, mysql:8.4 or mariadb:11.8",
    });
  }
  return { flavour: kind, version };
}
