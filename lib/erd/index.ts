import { DittoError } from "../kit/errors.ts";
import { toDbml } from "./dbml.ts";
import type { Diagram } from "./diagram.ts";
import { toDot } from "./dot.ts";
import { toJson } from "./json.ts";
import { toMarkdown } from "./markdown.ts";
import { toMermaid } from "./mermaid.ts";
import { isDrawable, toSvg } from "./svg.ts";

/** What a diagram can be written as. */
export const FORMATS = ["mermaid", "dbml", "dot", "svg", "html", "json", "markdown"] as const;
export type Format = (typeof FORMATS)[number];

const WRITERS: Record<Format, (diagram: Diagram) => string | Promise<string>> = {
  mermaid: toMermaid,
  dbml: toDbml,
  dot: toDot,
  svg: toSvg,
  html: async (diagram) => (await import("./html.ts")).toHtml(diagram),
  json: toJson,
  markdown: toMarkdown,
};

/** Writes a diagram. Throws `TOO_LARGE` for a drawing that would take too long to lay out. */
export async function writeDiagram(diagram: Diagram, format: Format): Promise<string> {
  if ((format === "svg" || format === "html") && !isDrawable(diagram)) {
    throw new DittoError(`Cannot draw ${diagram.entities.length} tables as ${format}: nobody could read it`, {
      code: "TOO_LARGE",
      hint: "Draw a part, with --table NAME --depth 2 or --schema NAME, or take --format mermaid, dbml, json or markdown",
    });
  }
  return WRITERS[format](diagram);
}

const ENDINGS: Record<string, Format> = {
  mmd: "mermaid",
  mermaid: "mermaid",
  dbml: "dbml",
  dot: "dot",
  gv: "dot",
  svg: "svg",
  html: "html",
  htm: "html",
  json: "json",
  md: "markdown",
};

/** The format that a file's name asks for. */
export function formatOf(path: string | undefined): Format | undefined {
  return path === undefined ? undefined : ENDINGS[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
}

/** What was drawn, in a sentence. */
export function describeDrawing(path: string, { entities, relations, hidden }: Diagram): string {
  const left = hidden > 0 ? `; ${hidden} more left out` : "";
  return `Drew ${path}: tables ${entities.length}, foreign keys ${relations.length}${left}`;
}
