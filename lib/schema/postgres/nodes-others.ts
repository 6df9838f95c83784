import type { OtherObject, Publication } from "../model-objects.ts";
import { describeChange, describeNew, type Named } from "./access.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Draft, type Node, node, textWords, type World } from "./node.ts";
import { ident, qualified } from "./quote.ts";

export function publicationNodes(world: World, it: Publication): Node[] {
  const name = ident(it.name);
  const named: Named = { sqlName: `PUBLICATION ${name}`, schema: "" };
  const key = keyOf.publication(it.name);
  const told = (options: Record<string, string>) =>
    Object.entries(options)
      .map(([option, value]) => `${option} = ${value}`)
      .join(", ");
  const publication = node<Publication>({
    key,
    kind: "publication",
    schema: "",
    title: it.name,
    it,
    destructive: "drop-publication",
    create: () => [
      { sql: `CREATE PUBLICATION ${name}${it.allTables ? " FOR ALL TABLES" : ""} WITH (${told(it.options)})` },
      ...describeNew(world, named, it),
    ],
    drop: `DROP PUBLICATION ${name}`,
    compare: (a, b) => {
      const found = new Differences();
      found.anew("all tables", a.allTables ? "yes" : "no", b.allTables ? "yes" : "no");
      if (found.replace) return found;
      const off: Record<string, string> = { publish_via_partition_root: "false", publish_generated_columns: "none" };
      const reset = Object.fromEntries(
        Object.keys(a.options)
          .filter((option) => !(option in b.options))
          .map((option) => [option, off[option] ?? "''"]),
      );
      found.note(
        "options",
        told(a.options),
        told(b.options),
        `ALTER PUBLICATION ${name} SET (${told({ ...b.options, ...reset })})`,
      );
      found.join(describeChange(world, named, a, b));
      return found;
    },
  });
  const members = it.members.map((member) =>
    node<Publication["members"][number]>({
      key: keyOf.publicationMember(it.name, member.name),
      kind: "publication",
      schema: "",
      title: `${it.name} of ${member.name}`,
      it: member,
      parents: [key, member.needs],
      needs: [key, member.needs],
      create: `ALTER PUBLICATION ${name} ADD ${member.sql}`,
      drop: `ALTER PUBLICATION ${name} DROP ${/^TABLE ONLY/.test(member.sql) ? `TABLE ONLY ${member.name}` : member.sql}`,
      compare: (a, b) => (a.sql === b.sql ? undefined : { words: [`${a.sql} → ${b.sql}`], replace: true }),
    }),
  );
  return [publication, ...members];
}

const GRANT_KEYWORDS: Partial<Record<OtherObject["kind"], string>> = {
  language: "LANGUAGE",
  "foreign data wrapper": "FOREIGN DATA WRAPPER",
  server: "FOREIGN SERVER",
};

export function otherNode(world: World, it: OtherObject): Node {
  const keyword = GRANT_KEYWORDS[it.kind];
  const named: Named = {
    sqlName: it.sqlName,
    schema: it.schema,
    ...(keyword === undefined ? {} : { grantOn: { keyword, name: it.name } }),
  };
  const sql = (drafts: string[]): Draft[] => drafts.map((one) => ({ sql: one }));
  return node<OtherObject>({
    key: keyOf.other(it.kind, it.schema, it.name),
    kind: it.kind,
    schema: it.schema,
    title: it.schema === "" || it.schema === "public" ? it.name : `${ident(it.schema)}.${it.name}`,
    it,
    needs: it.schema === "" ? [] : [keyOf.schema(it.schema)],
    destructive: "drop-other",
    create: () => [...sql(it.create), ...describeNew(world, named, it)],
    drop: it.drop,
    ...(it.kind === "collation" ? { swap: collationSwap(it) } : {}),
    compare: (a, b) => {
      const found = new Differences();
      const [old, now] = [a.create.join(";\n"), b.create.join(";\n")];
      if (old !== now) {
        found.words.push(...textWords("definition", old, now));
        found.replace = true;
        return found;
      }
      found.join(describeChange(world, named, a, b));
      return found;
    },
  });
}

/** Out of the way, while columns change over to the new one of its name. */
function collationSwap(it: OtherObject): NonNullable<Node["swap"]> {
  const aside = `${it.name.replace(/^"|"$/g, "").slice(0, 50)}__old`;
  return {
    aside: () => [{ sql: `ALTER ${it.sqlName} RENAME TO ${ident(aside)}` }],
    end: () => [{ sql: `DROP COLLATION ${qualified(it.schema, aside)}` }],
  };
}
