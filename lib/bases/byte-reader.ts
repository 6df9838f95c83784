/** Takes counted pieces and lines from a stream of bytes. Throws `RangeError` when it ends too early. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#held.length < length) {
      if (!(await this.#more())) throw new RangeError("the stream ends too early");
    }
    const part = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return part;
  }

  /** `length` bytes in the pieces in which they come. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    while (left > 0) {
      if (this.#held.length === 0 && !(await this.#more())) throw new RangeError("the stream ends too early");
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** A line without its end, undefined at the stream's end. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf(10);
      if (at >= 0) {
        const text = new TextDecoder().decode(this.#held.subarray(0, at));
        this.#held = this.#held.subarray(at + 1);
        return text;
      }
      if (!(await this.#more())) {
        if (this.#held.length > 0) throw new RangeError("the stream ends too early");
        return undefined;
      }
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#held = this.#held.length === 0 ? value : new Uint8Array(Buffer.concat([this.#held, value]));
    return true;
  }
}
