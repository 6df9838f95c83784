import type { Hazard } from "../change.ts";
import type { Policy, Rule } from "../model-objects.ts";
import { commentDraft, missingRole } from "./access.ts";
import { keyOf } from "./keys.ts";
import { Differences, hazardsOn, type Node, node, textWords, type World } from "./node.ts";
import { ofTable, STATES } from "./nodes-code.ts";
import { ident, qualified, roleName, shown } from "./quote.ts";

export function ruleNode(it: Rule): Node {
  const table = qualified(it.schema, it.table);
  const commented = (comment: string) => commentDraft(`RULE ${ident(it.name)} ON ${table}`, comment);
  const state = (enabled: string) => `ALTER TABLE ${table} ${STATES[enabled]} RULE ${ident(it.name)}`;
  return node<Rule>({
    key: keyOf.rule(it.schema, it.table, it.name),
    kind: "rule",
    ...ofTable(it),
    it,
    destructive: "drop-rule",
    create: () => [
      { sql: it.definition },
      ...(it.enabled === "" ? [] : [{ sql: state(it.enabled) }]),
      ...(it.comment === "" ? [] : [commented(it.comment)]),
    ],
    drop: `DROP RULE ${ident(it.name)} ON ${table}`,
    compare: (a, b) => {
      const found = new Differences();
      found.note(
        "definition",
        a.definition,
        b.definition,
        b.definition.replace(/^CREATE RULE/, "CREATE OR REPLACE RULE"),
      );
      found.note("fires", a.enabled || "as usual", b.enabled || "as usual", state(b.enabled));
      found.note("comment", a.comment, b.comment, commented(b.comment));
      return found;
    },
  });
}

export function policyNode(world: World, it: Policy): Node {
  const table = qualified(it.schema, it.table);
  const relation = keyOf.relation(it.schema, it.table);
  const where = `${ident(it.name)} ON ${table}`;
  const commented = (comment: string) => commentDraft(`POLICY ${where}`, comment);
  const rolesOf = ({ roles }: Policy) => roles.map(roleName).join(", ");
  const access: Hazard = { name: "access", detail: `who sees which rows of ${shown(it.schema, it.table)}` };
  const clauses = (policy: Policy) => [
    policy.using === undefined ? "" : `\n  USING ${inBrackets(policy.using)}`,
    policy.check === undefined ? "" : `\n  WITH CHECK ${inBrackets(policy.check)}`,
  ];
  return node<Policy>({
    key: keyOf.policy(it.schema, it.table, it.name),
    kind: "policy",
    ...ofTable(it),
    it,
    destructive: "drop-policy",
    create: () => [
      {
        sql: `CREATE POLICY ${where}${it.permissive ? "" : " AS RESTRICTIVE"}${it.command === "ALL" ? "" : ` FOR ${it.command}`} TO ${rolesOf(it)}${clauses(it).join("")}`,
        hazards: it.roles.flatMap((role) => missingRole(world, role)),
      },
      ...(it.comment === "" ? [] : [commented(it.comment)]),
    ],
    drop: () => [{ sql: `DROP POLICY ${where}`, ...hazardsOn(world, relation, access) }],
    compare: (a, b) => {
      const found = new Differences();
      found.anew("command", a.command, b.command);
      found.anew("kind", a.permissive ? "permissive" : "restrictive", b.permissive ? "permissive" : "restrictive");
      // ALTER POLICY takes no clause away.
      if ((a.using !== undefined && b.using === undefined) || (a.check !== undefined && b.check === undefined))
        found.replace = true;
      if (rolesOf(a) !== rolesOf(b)) found.words.push(`roles: ${rolesOf(a)} → ${rolesOf(b)}`);
      for (const [label, old, now] of [
        ["using", a.using, b.using],
        ["with check", a.check, b.check],
      ] as const)
        if (old !== now) found.words.push(...textWords(label, old ?? "none", now ?? "none"));
      if (found.replace) return found;
      const roles = rolesOf(a) === rolesOf(b) ? "" : ` TO ${rolesOf(b)}`;
      const changed = clauses(b)
        .filter((clause, at) => clause !== clauses(a)[at])
        .join("");
      if (found.words.length > 0)
        found.add({
          sql: `ALTER POLICY ${where}${roles}${changed}`,
          hazards: [access, ...b.roles.flatMap((role) => missingRole(world, role))],
        });
      found.note("comment", a.comment, b.comment, commented(b.comment));
      return found;
    },
  });
}

function inBrackets(expression: string): string {
  return expression.startsWith("(") && closesAtEnd(expression) ? expression : `(${expression})`;
}

function closesAtEnd(text: string): boolean {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/g)) {
    if (token === "(") depth++;
    if (token === ")") depth--;
    if (depth === 0 && index < text.length - 1) return false;
  }
  return true;
}
