/** Numbers of payment cards end in a digit that Luhn's formula gives; one in ten random numbers does too. */
export function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  return (
    /^(4\d{12}(\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|6\d{15})$/.test(digits) &&
    luhn(digits)
  );
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 13616: the country and check digits moved to the end make a number that leaves 1 when divided by 97. */
export function isIban(text: string): boolean {
  const bare = text.replaceAll(" ", "");
  return /^[A-Z]{2}\d{2}[A-Z\d]{11,30}$/.test(bare) && remainderOf97(bare.slice(4) + bare.slice(0, 4)) === 1;
}

function remainderOf97(text: string): number {
  let rest = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

const DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";

/** Numbers of states for persons whose form, or check digit, can hardly be met by chance. */
export function isIdentityNumber(text: string): boolean {
  switch (text.length) {
    case 9: {
      // Spain's DNI and NIE; the United Kingdom's national insurance number.
      const dni = /^([XYZ]?)(\d{7,8})([A-Z])$/.exec(text);
      if (dni !== null) return DNI_LETTERS[Number(`${"XYZ".indexOf(dni[1] || "X")}${dni[2]}`) % 23] === dni[3];
      return /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(text);
    }
    case 11: // The United States' SSN.
      return /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/.test(text);
    case 13: // The United Kingdom's, spaced.
      return /^[A-Z]{2} \d{2} \d{2} \d{2} [A-D]$/.test(text);
    case 14: // Brazil's CPF.
      return /^\d{3}\.\d{3}\.\d{3}-\d{2}$/.test(text);
    case 15: // France's NIR, closed up.
      return /^[12]\d{14}$/.test(text) && isNir(text);
    case 16: // Switzerland's AHV number, Italy's tax code.
      return /^756\.\d{4}\.\d{4}\.\d{2}$/.test(text) || /^[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]$/.test(text);
    case 21: // France's NIR, spaced.
      return /^[12] \d\d \d\d \d\d \d{3} \d{3} \d\d$/.test(text) && isNir(text.replaceAll(" ", ""));
    default:
      return false;
  }
}

function isNir(digits: string): boolean {
  return 97 - (Number(digits.slice(0, 13)) % 97) === Number(digits.slice(13));
}

/** Bits per character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
