import type { DefaultPrivileges, SystemPrivileges } from "../model-objects.ts";
import { grantDrafts, kindGrants, missingRole } from "./access.ts";
import { keyOf } from "./keys.ts";
import { type Draft, type Node, node, type World } from "./node.ts";
import { ident } from "./quote.ts";

/** Privileges on what the server or an extension brings; they go with the extension. */
export function systemPrivilegesNode(world: World, it: SystemPrivileges): Node {
  const extension = it.extension === "" ? [] : [keyOf.extension(it.extension)];
  const drafts = (before: SystemPrivileges["privileges"], after: SystemPrivileges["privileges"]): Draft[] =>
    grantDrafts(world, it, { before, after, owner: it.owner });
  return node<SystemPrivileges>({
    key: keyOf.systemPrivileges(it.keyword, it.name),
    kind: "privileges",
    schema: "",
    title: `on ${it.keyword.toLowerCase()} ${it.name}`,
    it,
    parents: extension,
    needs: extension,
    create: () => drafts(it.initial, it.privileges),
    drop: () => drafts(it.privileges, it.initial),
    compare: (a, b) => {
      const changed = drafts(a.privileges, b.privileges);
      return changed.length === 0 ? undefined : { words: ["privileges differ"], drafts: changed };
    },
  });
}

const LATER_KEYWORDS: Record<string, string> = {
  TABLES: "TABLE",
  SEQUENCES: "SEQUENCE",
  FUNCTIONS: "FUNCTION",
  TYPES: "TYPE",
  SCHEMAS: "SCHEMA",
};

/** Privileges of what is made later; those of all schemas begin with the kind's own. */
export function defaultPrivilegesNode(world: World, it: DefaultPrivileges): Node {
  const base = it.schema === "" ? kindGrants(LATER_KEYWORDS[it.on] ?? "") : [];
  const head = `ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(it.role)}${it.schema === "" ? "" : ` IN SCHEMA ${ident(it.schema)}`}`;
  const drafts = (before: DefaultPrivileges["privileges"], after: DefaultPrivileges["privileges"]): Draft[] =>
    grantDrafts(world, { keyword: it.on, name: "" }, { before, after, owner: it.role }).map(({ sql, hazards }) => ({
      sql: `${head} ${sql.replace(/ ON (\w+) {2}(TO|FROM) /, " ON $1 $2 ")}`,
      ...(hazards === undefined ? {} : { hazards: [...hazards, ...missingRole(world, it.role)] }),
    }));
  return node<DefaultPrivileges>({
    key: keyOf.defaultPrivileges(it.role, it.schema, it.on),
    kind: "default privileges",
    schema: it.schema,
    title: `of ${it.role} on ${it.on.toLowerCase()}${it.schema === "" ? "" : ` in ${it.schema}`}`,
    it,
    needs: it.schema === "" ? [] : [keyOf.schema(it.schema)],
    parents: it.schema === "" ? [] : [keyOf.schema(it.schema)],
    create: () => drafts(base, it.privileges),
    drop: () => drafts(it.privileges, base),
    compare: (a, b) => {
      const changed = drafts(a.privileges, b.privileges);
      return changed.length === 0 ? undefined : { words: ["privileges differ"], drafts: changed };
    },
  });
}
