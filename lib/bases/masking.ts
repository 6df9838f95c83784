import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import type { Finding } from "../mask/detect.ts";
import { isDrawnRule } from "../mask/drawn.ts";
import type { MaskKey } from "../mask/key.ts";
import { profileOf } from "../mask/profile.ts";
import type { Schema } from "../schema/model.ts";
import type { Build, RowWatch } from "./build.ts";
import { basesOf } from "./catalogue.ts";
import { type Leak, LeakSearch } from "./leak-search.ts";
import { loadMaskKey } from "./mask-key.ts";
import { maskRows } from "./mask-rows.ts";
import { PairCheck, type Pairs } from "./pair-check.ts";
import { nameOf, type Review, reviewRules, type Site } from "./review.ts";
import type { RowMasks, RuleCount } from "./row-masks.ts";
import type { Chosen } from "./selection.ts";

/** What configuration and flags say about masking. */
export interface MaskingWish extends Pick<Config["obfuscation"], "rules" | "unreviewed"> {
  /** obfuscation.key_secret. */
  keySecret: string;
  /** Takes another key than the last base's. */
  newKey: boolean;
  /** False when only to look. */
  makesKey: boolean;
}

/** What was masked, for the manifest. */
export interface Masked {
  /** Of the key that drew pseudonyms; "" where nothing was drawn. */
  keyFingerprint: string;
  rules: RuleCount[];
  /** Columns that look personal and that no rule mentions, as `schema.table.column`. */
  unreviewed: string[];
  /** Whether columns without a rule were looked at. */
  judged: boolean;
  /** Columns and paths that a rule keeps. */
  kept: string[];
  /** How many sampled values of masked columns were looked for in the base. */
  sought: number;
  /** Columns of whose values none was looked for, as there are too many. */
  unsought: string[];
  leaks: Leak[];
  /** Values of sampled rows, compared with the source's by primary key. */
  pairs: Pairs;
}

/** The rules' work on one source. */
export interface Masking {
  /** The set of rules by a name of 8 hex digits; `none` without any. */
  profile: string;
  /** Applies the rules to a schema; see {@link reviewRules}. */
  review(seen: { schema: Schema; chosen: Chosen }): Promise<Review>;
  /** How rows are to be read and changed, after a review. */
  rows(review: Review): RowMasks;
  masked(): Masked;
  /** What looks for raw values in the base, after a review. */
  watch(): RowWatch | undefined;
  /**
   * Compares sampled rows of the filled base with the source's, for the manifest. Throws `RAW_VALUES` when one of their masked
   * values is what it was, or what watched has seen a value elsewhere; says only so where columns without a rule may be.
   */
  prove(build: Build): Promise<void>;
}

function inWords({ column, table, values }: Leak): string {
  return `${values} of ${column} in ${table}`;
}

function sameInWords({ same }: Pairs): string {
  return same.map(({ column, values }) => `${values} of ${column}`).join(", ");
}

/** No chance makes a value of those that are compared the same again: a pseudonym that is, is drawn anew. */
function unmasked(pairs: Pairs): DittoError {
  return new DittoError(
    `Cannot announce the base: masked columns hold what they hold in the source: ${sameInWords(pairs)}`,
    {
      code: "RAW_VALUES",
      hint: 'Look for a trigger or a rule that writes those columns, or report the column\'s type and its rule; "nullify" and "hash" may do meanwhile. The previous base is untouched',
    },
  );
}

function leaked(leaks: Leak[]): DittoError {
  return new DittoError(
    `Cannot announce the base: raw values of masked columns stand in it: ${leaks.map(inWords).join(", ")}`,
    {
      code: "RAW_VALUES",
      hint: "Write rules for the columns of those tables that hold them too; the previous base is untouched",
    },
  );
}

/** Readies key and rules. A key that can't be used is a problem of the first review, so that everything is said at once. */
export async function openMasking(
  request: {
    project: string;
    source: string;
    masking: MaskingWish;
    warn(message: string): void;
    say(text: string): void;
  },
  site: Site,
): Promise<Masking> {
  const { masking: wish } = request;
  const loaded = wish.rules.some(isDrawnRule) ? await loadKey(request) : undefined;
  let masks: RowMasks = new Map();
  let found: Finding[] = [];
  let kept: string[] = [];
  const said = new Set<string>();
  // The rules are applied twice, before anything is made and in the dump's own transaction.
  const warn = (message: string) => {
    if (!said.has(message)) request.warn(message);
    said.add(message);
  };
  let search = new LeakSearch();
  let pairs = new PairCheck();
  let compared: Pairs = { compared: 0, same: [] };
  return {
    profile: profileOf(wish.rules),
    async review(seen) {
      const problems = loaded && "problem" in loaded ? [loaded.problem] : [];
      search = new LeakSearch();
      pairs = new PairCheck();
      const review = await reviewRules({ ...site, search, pairs, warn }, { ...wish, problems }, seen);
      found = review.unreviewed;
      kept = [...review.plan.kept];
      return review;
    },
    rows({ plan }) {
      masks = maskRows(plan, { ...site, key: loaded && "key" in loaded ? loaded.key : undefined });
      return masks;
    },
    masked: () => ({
      keyFingerprint: (loaded && "key" in loaded && loaded.key?.fingerprint) || "",
      rules: [...masks.values()].flatMap(({ changes }) => changes.map(({ count }) => count)),
      unreviewed: found.map(nameOf),
      judged: wish.unreviewed !== "allow",
      kept,
      sought: search.values,
      unsought: search.unsought,
      leaks: search.leaks(),
      pairs: compared,
    }),
    watch: () => search.watch(),
    async prove(build) {
      compared = await pairs.compare(build, site.transfer);
      if (compared.same.length > 0) {
        if (wish.unreviewed === "fail") throw unmasked(compared);
        build.warn(`Masked columns hold what they hold in the source: ${sameInWords(compared)}`);
      }
      const leaks = search.leaks();
      if (leaks.length === 0) return;
      if (wish.unreviewed === "fail") throw leaked(leaks);
      build.warn(`Raw values of masked columns stand elsewhere in the base: ${leaks.map(inWords).join(", ")}`);
    },
  };
}

async function loadKey(
  request: Parameters<typeof openMasking>[0],
): Promise<{ key: MaskKey | undefined } | { problem: string }> {
  const [last] = (await basesOf(request)).flatMap(({ maskKey }) => (maskKey ? [maskKey] : []));
  const { keySecret: secret, newKey, makesKey: makes } = request.masking;
  try {
    return { key: await loadMaskKey({ secret, last, newKey, makes, say: request.say }) };
  } catch (error) {
    if (!(error instanceof DittoError)) throw error;
    return { problem: `${error.message}. ${error.hint ?? ""}` };
  }
}
