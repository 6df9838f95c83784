import type { Diagram } from "./diagram.ts";
import { toDot } from "./dot.ts";

/** More are laid out for longer than anybody waits; drawn, they would be wallpaper. */
const MOST_ENTITIES = 3_000;

/** How many tables a drawing may have. */
export function isDrawable({ entities }: Diagram): boolean {
  return entities.length <= MOST_ENTITIES;
}

/** As SVG, laid out by Graphviz's WebAssembly build; the same for the same diagram. */
export async function toSvg(diagram: Diagram): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  const svg = viz.renderString(toDot(diagram), { format: "svg", engine: "dot" });
  return svg.replaceAll('font-family="Arial"', 'font-family="Arial,Helvetica,Liberation Sans,sans-serif"');
}
