import { readable } from "../kit/glyphs.ts";
import { paint } from "../kit/stdio.ts";
import { type Action, type Allowed, type Change, HAZARDS, type HazardName, type Plan } from "./change.ts";
import { notAllowed } from "./render-sql.ts";

/** The two that were compared, as a person named them. */
export interface Sides {
  a: string;
  b: string;
}

const SIGNS: Record<Action, string> = { create: "+", drop: "-", alter: "~", replace: "~", rebuild: "°", rename: "»" };

/** How an action is told after the object's name. */
const REMARKS: Record<Action, string> = {
  create: "",
  drop: "",
  alter: "",
  replace: " (made anew)",
  rebuild: " (unchanged; made anew for what it needs)",
  rename: "",
};

/** What differs, for a person. */
export function renderText(plan: Plan, sides: Sides, allowed: Allowed): string {
  const paragraphs = [headline(plan, sides)];
  if (plan.changes.length > 0) paragraphs.push(plan.changes.map(renderChange).join("\n"));
  const hazards = hazardLines(plan);
  if (hazards.length > 0) paragraphs.push(["Hazards", ...hazards].join("\n"));
  const kinds = notAllowed(plan, allowed);
  if (kinds.length > 0) paragraphs.push(`Destructive, left out of the SQL until allowed: --allow ${kinds.join(",")}`);
  if (plan.renames.length > 0)
    paragraphs.push(
      [
        "Perhaps renamed",
        ...plan.renames.map(({ kind, from, to }) => `  ${kind} ${from} → ${to}: --rename ${from}=${lastPart(to)}`),
      ].join("\n"),
    );
  if (plan.notCompared.length > 0)
    paragraphs.push(["Not compared", ...plan.notCompared.map(({ what, why }) => `  ${what}: ${why}`)].join("\n"));
  return readable(paragraphs.join("\n\n"));
}

function headline(plan: Plan, { a, b }: Sides): string {
  if (plan.changes.length === 0) return `${a} and ${b} have the same schema`;
  const count = plan.changes.filter(({ action }) => action !== "rebuild").length;
  return `${count} ${count === 1 ? "change turns" : "changes turn"} ${a} into ${b}`;
}

function renderChange({ kind, name, action, words }: Change): string {
  const colour = paint(1);
  const tint = action === "create" ? colour.green : action === "drop" ? colour.red : colour.yellow;
  return withWords(`${tint(SIGNS[action])} ${kind} ${colour.bold(name)}${colour.dim(REMARKS[action])}`, words);
}

/** One change without colours, its words on lines of their own. */
export function describeChange({ kind, name, action, words }: Change): string {
  return withWords(`${SIGNS[action]} ${kind} ${name}${REMARKS[action]}`, words);
}

function withWords(head: string, words: string[]): string {
  return [head, ...words.map((word) => `    ${word.replaceAll("\n", "\n    ")}`)].join("\n");
}

/** Each hazard once, with what it is about. */
export function hazardsOf(plan: Plan): { name: HazardName; details: string[] }[] {
  return HAZARDS.flatMap((name) => {
    const details = plan.statements.flatMap(({ hazards }) => hazards.filter((hazard) => hazard.name === name));
    return details.length === 0 ? [] : [{ name, details: [...new Set(details.map(({ detail }) => detail))] }];
  });
}

function hazardLines(plan: Plan): string[] {
  return hazardsOf(plan).flatMap(({ name, details }) => details.map((detail) => `  ${name}: ${detail}`));
}

/** `--rename` wants the new name alone; a name with a dot in it keeps its quotes. */
function lastPart(name: string): string {
  return /("(?:[^"]|"")+"|[^.]+)$/.exec(name)?.[0] ?? name;
}
