import { quoteLiteral } from "../../engine/postgres/quote.ts";
import type { FullSchema, ObjectKind } from "../model-objects.ts";
import { ident, qualified, shown } from "./quote.ts";
import { RELATION_KEYWORDS } from "./relation-kinds.ts";
import { called, cuts, type Done, pairOf, type Wish } from "./rename-words.ts";
import { bareToken, rewritten, sqlToken } from "./rewrite.ts";

export function renameRelation(a: FullSchema, b: FullSchema, wish: Wish): Done {
  const [old, now] = pairOf(a.tables, b.tables, wish) ?? [];
  if (old === undefined || now === undefined) {
    const [sequence, other] = pairOf(a.sequences, b.sequences, wish) ?? [];
    return sequence === undefined || other === undefined ? undefined : sequenceRenamed(a, sequence, other.name);
  }
  const [from, to] = [qualified(old.schema, old.name), qualified(now.schema, now.name)];
  const replace = (text: string) =>
    text.replace(sqlToken(from), to).replace(bareToken(ident(old.name), "\\."), `${ident(now.name)}.`);
  const schema = rewritten(a, replace, (one) => {
    if (one.schema !== old.schema) return one;
    if (one.table === old.name) return { ...one, table: now.name };
    return one.name === old.name && "kind" in one && "columns" in one ? { ...one, name: now.name } : one;
  });
  const kind = old.kind === "partition" || old.kind === "partitioned" ? "table" : old.kind;
  const sql = `ALTER ${RELATION_KEYWORDS[old.kind]} ${from} RENAME TO ${ident(now.name)}`;
  return {
    schema,
    taken: { kind, from: shown(old.schema, old.name), to: shown(now.schema, now.name), sql, table: old },
  };
}

export function sequenceRenamed(
  a: FullSchema,
  sequence: { schema: string; name: string },
  name: string,
): NonNullable<Done> {
  const [from, to] = [qualified(sequence.schema, sequence.name), qualified(sequence.schema, name)];
  const schema = rewritten(
    a,
    (text) => text.replace(sqlToken(from), to),
    (one) => (one.schema === sequence.schema && one.name === sequence.name && "last" in one ? { ...one, name } : one),
  );
  const sql = `ALTER SEQUENCE ${from} RENAME TO ${ident(name)}`;
  return {
    schema,
    taken: { kind: "sequence", from: shown(sequence.schema, sequence.name), to: shown(sequence.schema, name), sql },
  };
}

export function renameType(a: FullSchema, b: FullSchema, wish: Wish): Done {
  const [old, now] = pairOf(a.types, b.types, wish) ?? [];
  if (old === undefined || now === undefined || old.kind !== now.kind) return undefined;
  const [from, to] = [qualified(old.schema, old.name), qualified(now.schema, now.name)];
  const schema = rewritten(
    a,
    (text) => text.replace(sqlToken(from), to),
    (one) =>
      one.schema === old.schema && one.name === old.name && one.kind === old.kind ? { ...one, name: now.name } : one,
  );
  const sql = `ALTER ${old.kind === "domain" ? "DOMAIN" : "TYPE"} ${from} RENAME TO ${ident(now.name)}`;
  const kind = old.kind === "enum" || old.kind === "domain" ? old.kind : (`${old.kind} type` as ObjectKind);
  return { schema, taken: { kind, from: shown(old.schema, old.name), to: shown(now.schema, now.name), sql } };
}

export function renameLabel(a: FullSchema, b: FullSchema, { from, to }: Wish): Done {
  for (const [owner, label] of cuts(from)) {
    for (const type of called(a.types, owner)) {
      const twin = b.types.find((one) => one.schema === type.schema && one.name === type.name);
      if (type.kind !== "enum" || twin?.kind !== "enum") continue;
      const target = cuts(to).find(([prefix]) => called([type], prefix).length > 0)?.[1] ?? to;
      if (!type.labels.includes(label) || type.labels.includes(target) || !twin.labels.includes(target)) continue;
      const name = qualified(type.schema, type.name);
      const [old, now] = [label, target].map((text) => quoteLiteral(text).trim());
      const schema = rewritten(
        a,
        (text) => text.replaceAll(`${old}::${name}`, `${now}::${name}`),
        (one) =>
          one === (type as unknown)
            ? { ...one, labels: type.labels.map((text) => (text === label ? target : text)) }
            : one,
      );
      const sql = `ALTER TYPE ${name} RENAME VALUE ${old} TO ${now}`;
      return {
        schema,
        taken: {
          kind: "enum",
          from: `${shown(type.schema, type.name)}.${label}`,
          to: `${shown(type.schema, type.name)}.${target}`,
          sql,
        },
      };
    }
  }
  return undefined;
}
