/**
 * Follows the frames of zstd data (RFC 8878, section 3.1) as it passes, to know whether its end is the end of a frame:
 * Bun's decompressor gives what there is of data that was cut off, without an error.
 */
export class ZstdFrames {
  /** What the next bytes are, until there are enough of them. */
  #next: "magic" | "skip size" | "descriptor" | "block" | "pass" = "magic";
  #wanted = 4;
  #held: number[] = [];
  #checksum = false;
  #afterPass: "magic" | "block" = "block";

  /** True at the end of a frame, and before the first. */
  get complete(): boolean {
    return this.#next === "magic" && this.#held.length === 0;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#next === "pass") {
        const passed = Math.min(this.#wanted, chunk.length - at);
        this.#wanted -= passed;
        at += passed;
        if (this.#wanted === 0) this.#expect(this.#afterPass);
        continue;
      }
      this.#held.push(chunk[at++] as number);
      if (this.#held.length === this.#wanted) this.#read(this.#held);
    }
  }

  #read(bytes: number[]): void {
    this.#held = [];
    const number = bytes.reduce((sum, byte, index) => sum + byte * 256 ** index, 0);
    if (this.#next === "magic") {
      if (number === 0xfd2fb528) this.#wait("descriptor", 1);
      else if (number >= 0x184d2a50 && number <= 0x184d2a5f) this.#wait("skip size", 4);
      else throw new RangeError("the data is not zstd's");
    } else if (this.#next === "skip size") {
      this.#pass(number, "magic");
    } else if (this.#next === "descriptor") {
      this.#checksum = (number & 4) !== 0;
      const single = (number & 32) !== 0;
      const sizeBytes = [single ? 1 : 0, 2, 4, 8][number >> 6] ?? 0;
      this.#pass((single ? 0 : 1) + ([0, 1, 2, 4][number & 3] ?? 0) + sizeBytes, "block");
    } else {
      const size = number >> 3;
      const type = (number >> 1) & 3;
      // One byte stands for a run of them.
      const stored = type === 1 ? 1 : size;
      if ((number & 1) === 0) this.#pass(stored, "block");
      else this.#pass(stored + (this.#checksum ? 4 : 0), "magic");
    }
  }

  #pass(bytes: number, then: "magic" | "block"): void {
    this.#afterPass = then;
    if (bytes === 0) this.#expect(then);
    else this.#wait("pass", bytes);
  }

  #expect(what: "magic" | "block"): void {
    this.#wait(what, what === "magic" ? 4 : 3);
  }

  #wait(next: "magic" | "skip size" | "descriptor" | "block" | "pass", bytes: number): void {
    this.#next = next;
    this.#wanted = bytes;
  }
}
