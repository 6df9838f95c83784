import type { Hazard } from "../change.ts";
import type { DomainType } from "../model-objects.ts";
import { commentDraft } from "./access.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Node, node } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";

/** The DEFAULT of a domain, which may need what the domain itself does not. */
export function domainDefaultNode(domain: DomainType): Node {
  const type = keyOf.type(domain.schema, domain.name);
  const alter = `ALTER DOMAIN ${qualified(domain.schema, domain.name)}`;
  const set = (expression: string) => `${alter} SET DEFAULT ${expression}`;
  return node<string>({
    key: keyOf.domainDefault(domain.schema, domain.name),
    kind: "default",
    schema: domain.schema,
    title: shown(domain.schema, domain.name),
    it: domain.default ?? "",
    parents: [type],
    needs: [type],
    line: () => "",
    create: set(domain.default ?? ""),
    drop: `${alter} DROP DEFAULT`,
    compare: (a, b) => (a === b ? undefined : { words: [`default: ${a} → ${b}`], drafts: [{ sql: set(b) }] }),
  });
}

/** A CHECK of a domain. */
export function domainCheckNode(domain: DomainType, check: DomainType["checks"][number]): Node {
  const type = keyOf.type(domain.schema, domain.name);
  const alter = `ALTER DOMAIN ${qualified(domain.schema, domain.name)}`;
  const commented = (comment: string) =>
    commentDraft(`CONSTRAINT ${ident(check.name)} ON DOMAIN ${qualified(domain.schema, domain.name)}`, comment);
  const after = () => (check.comment === "" ? [] : [commented(check.comment)]);
  const mayFail: Hazard = {
    name: "may-fail",
    detail: `values of ${shown(domain.schema, domain.name)} that break ${check.name}`,
  };
  return node<DomainType["checks"][number]>({
    key: keyOf.domainConstraint(domain.schema, domain.name, check.name),
    kind: "check",
    schema: domain.schema,
    title: `${shown(domain.schema, domain.name)}.${ident(check.name)}`,
    it: check,
    parents: [type],
    needs: [type],
    destructive: "drop-constraint",
    line: check.validated ? () => `CONSTRAINT ${ident(check.name)} ${check.definition}` : undefined,
    after,
    create: () => [
      { sql: `${alter} ADD CONSTRAINT ${ident(check.name)} ${check.definition}`, hazards: [mayFail] },
      ...after(),
    ],
    drop: `${alter} DROP CONSTRAINT ${ident(check.name)}`,
    compare: (a, b) => {
      const found = new Differences();
      const bare = (text: string) => text.replace(/ NOT VALID$/, "");
      if (bare(a.definition) !== bare(b.definition) || (a.validated && !b.validated))
        found.anew("definition", a.definition, b.definition);
      else if (!a.validated && b.validated)
        found.note("validated", "no", "yes", {
          sql: `${alter} VALIDATE CONSTRAINT ${ident(b.name)}`,
          hazards: [mayFail],
        });
      if (!found.replace) found.note("comment", a.comment, b.comment, commented(b.comment));
      return found;
    },
  });
}
