import { maskArray } from "./array.ts";
import { textOfBytes } from "./bytes.ts";
import { hashValue } from "./hash.ts";
import { maskJson, parsePath } from "./json-path.ts";
import { decodeString } from "./json-scan.ts";
import type { MaskKey } from "./key.ts";
import type { Engine, Kind } from "./kind.ts";
import { maskText } from "./mask-text.ts";
import { memoize } from "./memo.ts";
import { misfitOf } from "./misfit.ts";
import { printedAs } from "./printed.ts";
import { redactionOf } from "./redaction.ts";
import { replaceValue } from "./replace/replace.ts";
import type { MaskRequest } from "./request.ts";
import { shiftDate } from "./shift.ts";

/** Masks one column's values, in the engine's text form; NULL never comes here. */
export type ValueMask = (value: string, by?: string | null) => string;

/**
 * The mask of a request that {@link misfitOf} has nothing against; `nullify` has none but for a part of JSON. It remembers
 * up to `remembered` values.
 */
export function valueMask(request: MaskRequest, key: MaskKey, remembered?: number): ValueMask {
  const mask = maskOf(request, key);
  // A unique column never asks twice; a value shifted by another has more than one result.
  const direct = request.unique || request.rule.by !== undefined || remembered === 0;
  return direct ? mask : memoize(mask, remembered);
}

function maskOf(request: MaskRequest, key: MaskKey): ValueMask {
  const { kind, rule } = request;
  if (kind.is === "array" && rule.strategy !== "redact") {
    const element = maskOf({ ...request, kind: kind.of }, key);
    return (value, by) => maskArray(value, (text) => element(text, by));
  }
  const mask = rule.path === undefined ? changeOf(request, key) : maskPath(request, key);
  const print = printedAs(request.engine, kind);
  if (kind.is === "text" && kind.padded) return (value, by) => print(mask(value.replace(/ +$/, ""), by));
  return (value, by) => print(mask(value, by));
}

function changeOf(request: MaskRequest, key: MaskKey): ValueMask {
  const { kind, rule } = request;
  switch (rule.strategy) {
    case "hash":
      return hashValue(request, key);
    case "shift":
      return shiftDate(request, key);
    case "mask":
      return (value) => maskText(value, rule);
    case "redact": {
      const text = redactionOf(kind, rule.with) ?? "";
      const shown = kind.is === "bytes" ? textOfBytes(request.engine, Buffer.from(text)) : text;
      return () => shown;
    }
    case "replace":
      return replaceValue(request, key);
    case "keep":
      return (value) => value;
    default:
      throw new Error(`"${rule.strategy}" gives no text`);
  }
}

/** A string goes through the mask as text, a number and a boolean as such where the rule fits those, else as text. */
function maskPath(request: MaskRequest, key: MaskKey): ValueMask {
  const { kind } = request;
  const { path, ...rule } = request.rule;
  const steps = parsePath(path ?? "") ?? [];
  const text: MaskRequest = { ...request, rule, unique: false, kind: { is: "text", max: Number.POSITIVE_INFINITY } };
  const asText = rule.strategy === "nullify" ? () => "" : maskOf(text, key);
  const bare = bareMasks(request.engine, kind, (of) => {
    const own = { ...text, kind: of };
    return rule.strategy === "replace" && misfitOf(own) === undefined ? maskOf(own, key) : undefined;
  });
  return (value, by) => {
    const masked = maskJson(value, steps, (literal, is) => {
      if (rule.strategy === "nullify") return "null";
      const mask = is === "string" ? undefined : bare(literal, is);
      if (mask !== undefined) return mask(literal, by);
      return JSON.stringify(asText(is === "string" ? (decodeString(literal) ?? literal) : literal, by));
    });
    // What is no JSON, or deeper than can be read, has no paths and must not stay as it is; what grew beyond its text column, neither.
    if (masked === undefined) return kind.is === "json" ? JSON.stringify(maskText(value, {})) : maskText(value, {});
    const tooLong = kind.is === "text" && masked.length > kind.max;
    return tooLong ? (maskJson(value, steps, blotted) ?? "") : masked;
  };
}

/** The masks of JSON's numbers and booleans, by what each of them is. */
function bareMasks(engine: Engine, { is: column }: Kind, make: (kind: Kind) => ValueMask | undefined) {
  const boolean = make({ is: "boolean" });
  const words: ValueMask | undefined =
    boolean && ((value, by) => (/^[t1]/.test(boolean(value, by)) ? "true" : "false"));
  const exact = make({ is: "decimal", precision: Number.POSITIVE_INFINITY, scale: Number.POSITIVE_INFINITY });
  if (engine !== "mysql" || column !== "json")
    return (_: string, is: "number" | "boolean") => (is === "boolean" ? words : exact);
  // MySQL's own JSON type holds integers and doubles, and prints a point in each of the latter.
  const whole = make({ is: "integer", min: -(2n ** 63n), max: 2n ** 64n - 1n });
  const float = make({ is: "float" });
  const double: ValueMask | undefined = float && ((value, by) => float(value, by).replace(/^-?\d+$/, "$&.0"));
  return (literal: string, is: "number" | "boolean") => {
    if (is === "boolean") return words;
    return /[.eE]/.test(literal) ? double : whole;
  };
}

/** Never longer than the leaf was. */
function blotted(literal: string, is: "string" | "number" | "boolean"): string {
  if (is !== "string") return is === "number" ? "0" : "true";
  return JSON.stringify(maskText(decodeString(literal) ?? literal, {}));
}
