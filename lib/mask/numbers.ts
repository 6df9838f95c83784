/** A finite number without loss: `digits` × 10^-`scale`, shortest form, so neither part ends in zeros after a point. */
export interface ExactNumber {
  negative: boolean;
  /** Without leading zeros; "0" for zero. */
  digits: string;
  /** Never negative. */
  scale: number;
}

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/** Reads what any of the engines, or JSON, prints as a number; undefined for anything else, NaN and infinity included. */
export function parseNumber(text: string): ExactNumber | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  let digits = whole + fraction;
  let scale = fraction.length - Number(exponent);
  if (scale < 0) {
    digits += "0".repeat(-scale);
    scale = 0;
  }
  const trailing = Math.min(scale, /0*$/.exec(digits)?.[0].length ?? 0);
  if (trailing > 0) {
    digits = digits.slice(0, -trailing);
    scale -= trailing;
  }
  digits = digits.replace(/^0+/, "");
  if (digits === "") return { negative: false, digits: "0", scale: 0 };
  return { negative: sign === "-", digits, scale };
}

/** Shortest decimal, without an exponent; `scale` more digits after the point than there must be are zeros. */
export function printNumber({ negative, digits, scale }: ExactNumber, places = scale): string {
  const padded = digits.padStart(scale + 1, "0");
  const whole = padded.slice(0, padded.length - scale);
  const fraction = padded.slice(padded.length - scale).padEnd(places, "0");
  return `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}
