import type { Allowed, Change, Plan, ScriptForm, Statement } from "./change.ts";
import { isAllowed, notAllowed } from "./render-sql.ts";
import { hazardsOf, type Sides } from "./render-text.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --add: #1a7f37; --drop: #cf222e; --alter: #9a6700; --soft: #8882; }
* { box-sizing: border-box } body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 2rem 1rem }
h1 { font-size: 1.4rem; font-weight: 600; margin: 0 0 .3rem } h2 { font-size: 1.05rem; margin: 2rem 0 .6rem }
code, pre { font: 13px/1.45 ui-monospace, monospace } .dim { opacity: .65 }
.tally { display: flex; gap: 1.2rem; flex-wrap: wrap; margin: .6rem 0 0; padding: 0; list-style: none } .tally b { font-size: 1.1rem }
details { border: 1px solid var(--line); border-radius: 6px; margin: .35rem 0 } summary { padding: .4rem .7rem; cursor: pointer }
details > div { padding: 0 .7rem .6rem 1.8rem } details ul { margin: .2rem 0; padding-left: 1.1rem }
.create summary::before { content: "+ "; color: var(--add); font-weight: 700 } .drop summary::before { content: "− "; color: var(--drop); font-weight: 700 }
.alter summary::before, .replace summary::before, .rename summary::before { content: "~ "; color: var(--alter); font-weight: 700 }
.rebuild summary::before { content: "° "; opacity: .6 } summary .kind { opacity: .65; margin-right: .4rem }
pre { background: var(--soft); padding: .5rem .7rem; border-radius: 6px; overflow-x: auto; white-space: pre-wrap; margin: .3rem 0 }
pre.off { opacity: .7; border-left: 3px solid var(--drop) } .hazard { display: inline-block; border: 1px solid var(--line); border-radius: 1em; padding: 0 .6em; font-size: .8rem; margin-right: .3rem }
.hazard.deletes-data, .hazard.may-fail, .hazard.role-missing { border-color: var(--drop); color: var(--drop) }
input { font: inherit; width: 100%; padding: .4rem .6rem; margin: .4rem 0; border: 1px solid var(--line); border-radius: 6px; background: transparent; color: inherit }
`;

const SCRIPT = `
document.querySelector("input").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\\s+/);
  for (const one of document.querySelectorAll("details[data-find]"))
    one.hidden = !words.every((word) => one.dataset.find.includes(word));
});
document.querySelector("#copy").addEventListener("click", () => navigator.clipboard.writeText(document.querySelector("#script").textContent));
`;

/** The comparison as one page that needs nothing else. */
export function renderHtml(
  plan: Plan,
  sides: Sides,
  options: { allowed: Allowed; form: ScriptForm; script: string },
): string {
  const title = `${sides.a} → ${sides.b}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${tally(plan, options.allowed)}
${hazards(plan)}
<h2>What differs</h2>
<input type="search" placeholder="Filter by name, kind or words" aria-label="Filter">
${plan.changes.map((change) => changeBlock(change, plan, options)).join("\n")}
${list(
  "Perhaps renamed",
  plan.renames.map(({ kind, from, to }) => `${kind} ${from} → ${to}`),
)}
${list(
  "Not compared",
  plan.notCompared.map(({ what, why }) => `${what}: ${why}`),
)}
<h2>The whole script <button id="copy" type="button">copy</button></h2>
<pre id="script">${escapeHtml(options.script)}</pre>
<script>${SCRIPT}</script></body></html>
`;
}

function tally(plan: Plan, allowed: Allowed): string {
  const count = (...actions: Change["action"][]) =>
    plan.changes.filter(({ action }) => actions.includes(action)).length;
  const items = [
    [count("create"), "added"],
    [count("drop"), "dropped"],
    [count("alter", "replace", "rename"), "changed"],
    [count("rebuild"), "made anew for others"],
  ] as const;
  const shown = items.filter(([number]) => number > 0).map(([number, word]) => `<li><b>${number}</b> ${word}</li>`);
  const kinds = notAllowed(plan, allowed);
  const left = kinds.length === 0 ? "" : `<p>Left out until allowed: <code>--allow ${kinds.join(",")}</code></p>`;
  return shown.length === 0 ? "<p>The schemas are the same.</p>" : `<ul class="tally">${shown.join("")}</ul>${left}`;
}

function hazards(plan: Plan): string {
  const found = hazardsOf(plan);
  if (found.length === 0) return "";
  const rows = found.map(
    ({ name, details }) =>
      `<details class="hazards"><summary>${badge(name)} ${details.length}</summary><div><ul>${items(details)}</ul></div></details>`,
  );
  return `<h2>Hazards</h2>${rows.join("\n")}`;
}

function changeBlock(change: Change, plan: Plan, options: { allowed: Allowed; form: ScriptForm }): string {
  const statements = plan.statements.filter((statement) => statement.change === change.id);
  const find = escapeHtml(`${change.kind} ${change.name} ${change.words.join(" ")}`.toLowerCase());
  const names = [...new Set(statements.flatMap((one) => one.hazards.map(({ name }) => name)))];
  return `<details class="${change.action}" data-find="${find}"><summary><span class="kind">${change.kind}</span><code>${escapeHtml(change.name)}</code> ${names.map(badge).join("")}</summary><div>
<ul>${items(change.words)}</ul>${statements.map((one) => statementBlock(one, options)).join("\n")}</div></details>`;
}

function statementBlock(statement: Statement, { allowed, form }: { allowed: Allowed; form: ScriptForm }): string {
  const sql = form.terminated?.(statement.sql) ?? `${statement.sql};`;
  const details = statement.hazards.map(({ name, detail }) => `${name}: ${detail}`);
  const off = isAllowed(statement, allowed) ? "" : ' class="off"';
  return `<pre${off}>${escapeHtml(sql)}</pre>${details.length > 0 ? `<ul class="dim">${items(details)}</ul>` : ""}`;
}

function badge(name: string): string {
  return `<span class="hazard ${name}">${name}</span>`;
}

function items(lines: string[]): string {
  return lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("");
}

function list(title: string, lines: string[]): string {
  return lines.length === 0 ? "" : `<h2>${title}</h2><ul>${items(lines)}</ul>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
