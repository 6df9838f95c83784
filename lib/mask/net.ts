/** An IP address as four or sixteen bytes; undefined for anything else. A netmask behind it is left out. */
export function parseAddress(text: string): Buffer | undefined {
  const address = text.trim().replace(/\/\d{1,3}$/, "");
  return address.includes(":") ? parseSix(address) : parseFour(address);
}

function parseFour(text: string): Buffer | undefined {
  const parts = text.split(".");
  const numbers = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return parts.length === 4 && numbers.every((number) => number < 256) ? Buffer.from(numbers) : undefined;
}

function parseSix(text: string): Buffer | undefined {
  const four = text.includes(".") ? parseFour(text.slice(text.lastIndexOf(":") + 1)) : undefined;
  const tail = four === undefined ? "" : `${four.toString("hex", 0, 2)}:${four.toString("hex", 2)}`;
  const plain = four === undefined ? text : text.slice(0, text.lastIndexOf(":") + 1) + tail;
  const halves = plain.split("::");
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - right.length;
  if (halves.length > 2 || (halves.length === 1 ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...left, ...Array<string>(missing).fill("0"), ...right];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** Dotted, or eight groups without leading zeros. */
export function printAddress(address: Buffer): string {
  if (address.length === 4) return address.join(".");
  return Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2).toString(16)).join(":");
}
