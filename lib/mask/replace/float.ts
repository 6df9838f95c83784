import { type ExactNumber, parseNumber, printNumber } from "../numbers.ts";
import { type FloatShape, shortestOf } from "../print-float.ts";

/** Numbers with as many digits before the point never overflow. */
const MOST_WHOLE = { single: 38, double: 308 };

/** The number that a float's text means, without what could overflow: MySQL's FLOAT comes as the double that it stands for. */
export function floatOf({ single = false }: FloatShape, number: ExactNumber): ExactNumber {
  const most = MOST_WHOLE[single ? "single" : "double"];
  if (number.digits.length - number.scale > most) return { ...number, digits: number.digits.slice(0, most), scale: 0 };
  const value = Number(printNumber(number));
  if (!single || value === 0) return number;
  const { digits, power } = shortestOf(Math.fround(value), { single });
  return parseNumber(`${number.negative ? "-" : ""}${digits}e${power - digits.length + 1}`) ?? number;
}
