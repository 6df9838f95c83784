import { z } from "zod";
import { fileSchema } from "./config-schema.ts";
import { schemaAt } from "./config-tree.ts";
import { type DittoError, usageError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import { shortest } from "./shell.ts";

/** Where a value was written: finds the line of a path in the file, and the variable that set it. */
export interface Places {
  file: string | undefined;
  lineOf(path: PropertyKey[]): number | undefined;
  variableOf(path: PropertyKey[]): string | undefined;
}

/** Keys of the Go tool, and where they are now. */
const MOVED: Record<string, string> = {
  copy_ttl_seconds: "It is copy.ttl here: copy: { ttl: 2h }",
  copy_image: "It is copy.image here",
  port_pool_start: "It is copy.ports here: copy: { ports: 5433-5600 }",
  port_pool_end: "It is copy.ports here: copy: { ports: 5433-5600 }",
  warm_pool_size: "It is copy.warm_pool_size here",
  stale_threshold: "It is dump.stale_after here",
  docker_host: "Docker's own variable DOCKER_HOST is used",
};
const LATER = new Set(["targets", "server", "host"]);

/** The error for a configuration that zod refused: one sentence for each thing that is wrong, at most five. */
export function invalidConfig(issues: readonly z.core.$ZodIssue[], places: Places): DittoError {
  const found = issues.slice(0, 5).map((issue) => describe(issue, places));
  const [only] = found;
  if (found.length === 1 && only !== undefined) {
    return usageError(`Cannot use the configuration: ${only.text}`, only.hint || undefined, "CONFIG_INVALID");
  }
  const more = issues.length > 5 ? [`and ${issues.length - 5} more`] : [];
  const sentences = [...found.map(({ text, hint }) => (hint === "" ? text : `${text}. ${hint}`)), ...more];
  return usageError(`Cannot use the configuration:\n  ${sentences.join("\n  ")}`, undefined, "CONFIG_INVALID");
}

function describe(issue: z.core.$ZodIssue, places: Places): { text: string; hint: string } {
  const path = [...issue.path];
  const unknown = issue.code === "unrecognized_keys" ? (issue.keys[0] ?? "") : undefined;
  const place = placeOf(unknown === undefined ? path : [...path, unknown], places);
  if (unknown === undefined) return { text: `${dotted(path)} ${wording(issue)}${place}`, hint: nearestValue(issue) };
  const key = dotted([...path, unknown]);
  if (path.length === 0 && LATER.has(unknown)) return { text: `"${key}" is not in this version${place}`, hint: "" };
  const shape = schemaAt(fileSchema, path);
  const known = shape instanceof z.ZodObject ? Object.keys(shape.shape) : [];
  const hint = didYouMean(unknown, known) || `The keys here are ${known.join(", ")}`;
  return { text: `unknown key "${key}"${place}`, hint: MOVED[unknown] ?? hint };
}

function nearestValue(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_value" || typeof issue.input !== "string") return "";
  return didYouMean(issue.input, issue.values.map(String));
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return issue.message.startsWith("Cannot") ? `is wrong: ${issue.message}` : issue.message;
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "has a name that is not allowed";
  if (issue.code === "invalid_value")
    return `must be one of ${issue.values.map((value) => `"${String(value)}"`).join(", ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) {
    return /received undefined/.test(issue.message) ? "is missing" : lower(issue.message);
  }
  return lower(issue.message);
}

function lower(message: string): string {
  const text = message.replace(/^Invalid input: /, "");
  return `is wrong: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function placeOf(path: PropertyKey[], places: Places): string {
  const variable = places.variableOf(path);
  if (variable !== undefined) return ` (${variable})`;
  if (places.file === undefined) return "";
  const line = places.lineOf(path);
  return ` (${shortest(places.file)}${line === undefined ? "" : `:${line}`})`;
}

function dotted(path: PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : String(part)))
    .join(".")
    .replaceAll(".[", "[");
}
