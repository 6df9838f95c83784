const BITS = 11;
const REGISTERS = 1 << BITS;

/**
 * An estimate of how many different texts there were, within some 2 %, from 2 kB whatever their number: HyperLogLog (Flajolet, Fusy,
 * Gandouet, Meunier, 2007) over 32 bits of hash, good up to about a hundred million. It holds nothing that a text could be told from.
 */
export class Distinct {
  readonly registers: Uint8Array;

  constructor(registers = new Uint8Array(REGISTERS)) {
    this.registers = registers;
  }

  add(text: string): void {
    const hash = hashOf(text);
    const register = hash >>> (32 - BITS);
    // The first 1 among the bits that are left, counted from the left.
    const rank = Math.clz32((hash << BITS) | (1 << (BITS - 1))) + 1;
    if (rank > (this.registers[register] as number)) this.registers[register] = rank;
  }

  /** Adds what another saw, by its registers. */
  merge(registers: Uint8Array): void {
    for (let at = 0; at < REGISTERS; at++)
      if ((registers[at] as number) > (this.registers[at] as number)) this.registers[at] = registers[at] as number;
  }

  estimate(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum;
    // Few texts leave registers empty, which tell their number better.
    const few = raw <= 2.5 * REGISTERS && empty > 0;
    return Math.round(few ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }
}

/** FNV-1a over UTF-16 units, mixed by murmur3's finaliser. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
