import { quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Hazard } from "../change.ts";
import type { Described, Grant } from "../model-objects.ts";
import { grantText } from "./catalog.ts";
import { change, type Draft, type World } from "./node.ts";
import { ident, roleName } from "./quote.ts";

/** What an owner has from the beginning, and everybody, by what GRANT says after ON. */
const DEFAULTS: Record<string, { owner: string[]; everybody: string[]; later: string }> = {
  TABLE: {
    owner: ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
    everybody: [],
    later: "TABLES",
  },
  SEQUENCE: { owner: ["SELECT", "UPDATE", "USAGE"], everybody: [], later: "SEQUENCES" },
  FUNCTION: { owner: ["EXECUTE"], everybody: ["EXECUTE"], later: "FUNCTIONS" },
  PROCEDURE: { owner: ["EXECUTE"], everybody: ["EXECUTE"], later: "FUNCTIONS" },
  TYPE: { owner: ["USAGE"], everybody: ["USAGE"], later: "TYPES" },
  SCHEMA: { owner: ["USAGE", "CREATE"], everybody: [], later: "SCHEMAS" },
  LANGUAGE: { owner: ["USAGE"], everybody: ["USAGE"], later: "" },
  "FOREIGN DATA WRAPPER": { owner: ["USAGE"], everybody: [], later: "" },
  "FOREIGN SERVER": { owner: ["USAGE"], everybody: [], later: "" },
};

/** How statements name an object: `TABLE public.users`. */
export interface Named {
  /** Behind ALTER, COMMENT ON, DROP. */
  sqlName: string;
  /** Behind GRANT … ON, where that exists: its keyword and the name. */
  grantOn?: { keyword: string; name: string };
  /** Where it lies, for privileges that new objects get. */
  schema: string;
}

/** Owner, comment and privileges of an object that was just made. */
export function describeNew(world: World, named: Named, it: Described, options: { owned?: boolean } = {}): Draft[] {
  const drafts: Draft[] = [];
  const { user, databaseOwner } = facts(world);
  const owner = it.owner || databaseOwner;
  if (options.owned !== false && it.owner !== undefined && owner !== user) drafts.push(ownerDraft(world, named, owner));
  if (named.grantOn !== undefined && it.privileges !== undefined) {
    const { keyword } = named.grantOn;
    drafts.push(
      ...grantDrafts(world, named.grantOn, {
        before: initialGrants(world, keyword, named.schema),
        after: it.privileges,
        owner,
      }),
    );
  }
  if (it.comment) drafts.push(commentDraft(named.sqlName, it.comment));
  return drafts;
}

/** What differs in owner, comment and privileges. */
export function describeChange(
  world: World,
  named: Named,
  a: Described,
  b: Described,
): { words: string[]; drafts: Draft[] } {
  const words: string[] = [];
  const drafts: Draft[] = [];
  const { databaseOwner } = facts(world);
  let before = a.privileges ?? [];
  if ((a.owner ?? "") !== (b.owner ?? "") && ownersComparable(world, a.owner ?? "")) {
    const owner = b.owner || databaseOwner;
    // A grant option that the new owner has would outlive the change.
    const free = withoutChain(before, owner);
    if (named.grantOn !== undefined && before.some(({ grantee, grantable }) => grantee === owner && grantable)) {
      drafts.push(...grantDrafts(world, named.grantOn, { before, after: free, owner: a.owner || databaseOwner }));
      before = free;
    }
    before = grantsUnder(owner, before);
    words.push(change("owner", a.owner || "the database's owner", b.owner || "the database's owner"));
    drafts.push(ownerDraft(world, named, b.owner || databaseOwner));
  }
  if (named.grantOn !== undefined && a.privileges !== undefined && b.privileges !== undefined) {
    const owner = b.owner || databaseOwner;
    const pair = { before, after: b.privileges, owner };
    const grants = grantDrafts(world, named.grantOn, pair);
    if (grants.length > 0) words.push(...grantWords(world, pair));
    drafts.push(...grants);
  }
  if ((a.comment ?? "") !== (b.comment ?? "")) {
    words.push(change("comment", a.comment, b.comment));
    drafts.push(commentDraft(named.sqlName, b.comment ?? ""));
  }
  return { words, drafts };
}

/** The grants but for those to a role, and what was passed on of them. */
function withoutChain(grants: Grant[], role: string): Grant[] {
  const left = grants.filter(({ grantee, by }) => grantee !== role && by !== role);
  const passed = grants.filter(({ by, grantable, grantee }) => by === role && grantable && grantee !== role);
  return passed.reduce((rest, { grantee }) => rest.filter(({ by }) => by !== grantee), left);
}

/** A new owner's grants become part of what the owner has. */
function grantsUnder(owner: string, grants: Grant[]): Grant[] {
  return grants.map(({ by, ...grant }) => ({
    ...grant,
    ...(grant.to === "role" && grant.grantee === owner ? { to: "owner", grantee: "", grantable: false } : {}),
    ...(by === undefined || by === owner ? {} : { by }),
  }));
}

/** What columns have left of their grants: a REVOKE on their table takes them too. */
export function columnGrantsLeft(a: Described, b: Described, grants: Grant[] = []): Grant[] {
  const lists = [a.privileges ?? [], b.privileges ?? []];
  const find = (list: Grant[] = [], grant: Grant) =>
    list.find((one) => grantText({ ...one, grantable: false }) === grantText({ ...grant, grantable: false }));
  return grants.flatMap((grant) => {
    const [before, after] = lists.map((list) => find(list, grant));
    if (before !== undefined && after === undefined) return [];
    return [before?.grantable && !after?.grantable ? { ...grant, grantable: false } : grant];
  });
}

export function commentDraft(sqlName: string, comment: string): Draft {
  return { sql: `COMMENT ON ${sqlName} IS ${comment === "" ? "NULL" : quoteLiteral(comment).trim()}` };
}

function ownerDraft(world: World, named: Named, owner: string): Draft {
  const hazard: Hazard = { name: "permissions", detail: `the owner of ${named.sqlName} becomes ${owner}` };
  return { sql: `ALTER ${named.sqlName} OWNER TO ${ident(owner)}`, hazards: [hazard, ...missingRole(world, owner)] };
}

function facts(world: World): { user: string; databaseOwner: string } {
  return world.a.postgres ?? { user: "", databaseOwner: "" };
}

/** A server without the role can't mean anything by not naming it: a copy's that left roles behind. */
function ownersComparable(world: World, role: string): boolean {
  return role === "" || meant(world, role);
}

function meant(world: World, role: string): boolean {
  if (world.b.roles.includes(role)) return true;
  const what = `role ${role}`;
  const why = "the server of B does not have it; what A grants to it, or lets it own, stays as it is";
  world.notCompared.set(what, { what, why });
  return false;
}

/** Of a role that A's server lacks. */
export function missingRole(world: World, role: string): Hazard[] {
  if (role === "" || world.a.roles.includes(role) || /^pg_|^(current_user|session_user|current_role)$/.test(role))
    return [];
  return [{ name: "role-missing", detail: `the server of A has no role "${role}"; create it first` }];
}

/** What an object has as soon as it is made: by its kind, and by ALTER DEFAULT PRIVILEGES of who makes it. */
function initialGrants(world: World, keyword: string, schema: string): Grant[] {
  const defaults = DEFAULTS[keyword];
  if (defaults === undefined) return [];
  const own = (world.a.postgres?.defaultPrivileges ?? []).filter(
    (one) =>
      one.role === facts(world).user && one.on === defaults.later && (one.schema === "" || one.schema === schema),
  );
  const everywhere = own.find((one) => one.schema === "");
  const here = own.find((one) => one.schema === schema && schema !== "");
  return [...(everywhere?.privileges ?? kindGrants(keyword)), ...(here?.privileges ?? [])];
}

/** The privileges that a kind comes with. */
export function kindGrants(keyword: string): Grant[] {
  const { owner = [], everybody = [] } = DEFAULTS[keyword] ?? {};
  return [
    ...owner.map((privilege): Grant => ({ to: "owner", grantee: "", privilege, grantable: false })),
    ...everybody.map((privilege): Grant => ({ to: "public", grantee: "", privilege, grantable: false })),
  ];
}

interface GrantPair {
  before: Grant[];
  after: Grant[];
  owner: string;
}

/** GRANTs and REVOKEs that lead from one list to the other; columns stand in `columns`. */
export function grantDrafts(
  world: World,
  on: { keyword: string; name: string; columns?: string },
  pair: GrantPair,
): Draft[] {
  if (pair.before.length + pair.after.length === 0) return [];
  const { gone, come } = grantDifference(world, pair);
  if (gone.length + come.length === 0) return [];
  const kept = (grant: Grant) => come.some((other) => grantText({ ...other, grantable: true }) === grantText(grant));
  const revoked = gone.filter((grant) => !kept(grant) && !gained(grant, pair.after));
  const lowered = gone.filter((grant) => kept(grant));
  const raised = come.filter(
    (grant) => !lowered.some((other) => grantText({ ...grant, grantable: true }) === grantText(other)),
  );
  const told = (verb: GrantVerb, grants: Grant[]) =>
    byGrantee(grants).flatMap((some) => grantSql(world, on, { verb, grants: some, owner: pair.owner }));
  const depths = [
    ...new Set([...pair.before, ...pair.after].map((grant) => Math.max(...depthsOf(grant, pair)))),
  ].sort();
  const at = (grants: Grant[], depth: number) => grants.filter((grant) => Math.max(...depthsOf(grant, pair)) === depth);
  return [
    // What somebody passed on goes before what he had it from, and comes after.
    ...depths
      .toReversed()
      .flatMap((depth) => [...told("REVOKE", at(revoked, depth)), ...told("REVOKE GRANT OPTION", at(lowered, depth))]),
    ...depths.flatMap((depth) => {
      const here = at(raised, depth);
      return [
        ...told(
          "GRANT",
          here.filter(({ grantable }) => !grantable),
        ),
        ...told(
          "GRANT WITH GRANT OPTION",
          here.filter(({ grantable }) => grantable),
        ),
      ];
    }),
  ];
}

/** How many hands it went through, before and after: none for what the owner granted. */
function depthsOf(grant: Grant, { before, after }: GrantPair): [number, number] {
  const depth = ({ by, privilege }: Grant, list: Grant[], seen: string[]): number => {
    if (by === undefined || seen.includes(by)) return 0;
    const from = list.find((one) => one.grantee === by && one.privilege === privilege && one.grantable);
    return from === undefined ? 1 : 1 + depth(from, list, [...seen, by]);
  };
  return [depth(grant, before, []), depth(grant, after, [])];
}

type GrantVerb = "GRANT" | "GRANT WITH GRANT OPTION" | "REVOKE" | "REVOKE GRANT OPTION";

/** Privileges of one role from one hand. */
function grantSql(
  world: World,
  on: { keyword: string; name: string; columns?: string },
  { verb, grants, owner }: { verb: GrantVerb; grants: Grant[]; owner: string },
): Draft[] {
  const [first] = grants;
  const grantee = first?.to === "owner" ? owner : (first?.grantee ?? "");
  const privileges = allOr(
    on,
    grants.map(({ privilege }) => privilege),
  );
  const target = `ON ${on.keyword} ${on.name}`;
  const hazards: Hazard[] = [...missingRole(world, grantee)];
  if (verb === "REVOKE")
    hazards.push({ name: "access", detail: `${roleName(grantee)} loses ${privileges} on ${on.name}` });
  const option = verb === "REVOKE GRANT OPTION" ? "GRANT OPTION FOR " : "";
  const sql = verb.startsWith("GRANT")
    ? `GRANT ${privileges} ${target} TO ${roleName(grantee)}${verb.slice(5)}`
    : `REVOKE ${option}${privileges} ${target} FROM ${roleName(grantee)}`;
  const by = first?.by;
  if (by === undefined) return [{ sql, hazards }];
  return [{ sql: `SET ROLE ${ident(by)}`, hazards: missingRole(world, by) }, { sql, hazards }, { sql: "RESET ROLE" }];
}

/** The same privilege, now with the grant option. */
function gained(grant: Grant, after: Grant[]): boolean {
  return !grant.grantable && after.some((other) => grantText(other) === grantText({ ...grant, grantable: true }));
}

function grantDifference(world: World, { before, after }: GrantPair): { gone: Grant[]; come: Grant[] } {
  // MAINTAIN came with 17.
  const young = [world.a, world.b].every(({ server }) => Number.parseInt(server.version, 10) >= 17);
  const usual = (grants: Grant[]) => grants.filter(({ privilege }) => young || privilege !== "MAINTAIN");
  const [old, now] = [new Set(usual(before).map(grantText)), new Set(usual(after).map(grantText))];
  const gone = usual(before).filter((grant) => !now.has(grantText(grant)));
  const come = usual(after).filter((grant) => !old.has(grantText(grant)));
  return { gone: gone.filter((grant) => grant.to !== "role" || meant(world, grant.grantee)), come };
}

function grantWords(world: World, pair: GrantPair): string[] {
  const { gone, come } = grantDifference(world, pair);
  const told = (grants: Grant[], sign: string) =>
    byGrantee(grants).map((some) => {
      const [first] = some;
      const who = first?.to === "public" ? "everybody" : first?.to === "owner" ? "the owner" : first?.grantee;
      return `privileges of ${who}: ${sign}${some.map(({ privilege, grantable }) => privilege + (grantable ? " with grant option" : "")).join(", ")}`;
    });
  return [...told(gone, "− "), ...told(come, "+ ")];
}

function byGrantee(grants: Grant[]): Grant[][] {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const name = `${grant.to} ${grant.grantee} ${grant.by ?? ""}`;
    groups.set(name, [...(groups.get(name) ?? []), grant]);
  }
  return [...groups.values()];
}

function allOr(on: { keyword: string; columns?: string }, privileges: string[]): string {
  const unique = [...new Set(privileges)];
  if (on.columns !== undefined) return unique.map((privilege) => `${privilege} (${on.columns})`).join(", ");
  const every = DEFAULTS[on.keyword]?.owner.filter((privilege) => privilege !== "MAINTAIN") ?? [];
  const all = every.length > 1 && every.every((privilege) => unique.includes(privilege));
  // A server that has MAINTAIN means it by ALL.
  return all && (on.keyword !== "TABLE" || unique.includes("MAINTAIN")) ? "ALL" : unique.join(", ");
}
