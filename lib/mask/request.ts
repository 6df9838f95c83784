import type { Fold } from "./fold.ts";
import type { Engine, Kind } from "./kind.ts";
import type { Rule } from "./rule.ts";

/** What a mask is made for: one rule on one column. */
export interface MaskRequest {
  /** MariaDB is "mysql". */
  engine: Engine;
  kind: Kind;
  rule: Rule;
  /** Of the column that the rule's `by` names; unset, its values are texts. */
  by?: Kind;
  /** The column is in a unique index, alone or with others. */
  unique: boolean;
  /**
   * How far values count as the same. Unset, `replace` folds case and accents, which is right for all columns but those
   * whose collation minds accents: "case" for citext, "width" for `_as_ci`. Unset, `hash` digests the exact text, so that
   * a value has one hash in every engine; set it where a foreign key joins the column under a collation that folds.
   */
  fold?: Fold;
}
