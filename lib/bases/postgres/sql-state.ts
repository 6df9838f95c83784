const [QUOTE, DOUBLE, MINUS, SLASH, STAR, DOLLAR, BACKSLASH, SEMICOLON] = [39, 34, 45, 47, 42, 36, 92, 59];

/** Where in Postgres's SQL a text has come to, which comes line by line: inside a literal, a body, a comment, or between statements. */
export class SqlState {
  #inside: "code" | "text" | "name" | "comment" | "body" = "code";
  /** In E'' literals a backslash hides what follows. */
  #escapes = false;
  #depth = 0;
  #tag: Uint8Array = new Uint8Array();
  #between = true;
  /** A backslash was read outside of literals, bodies and comments: for psql a command begins there. */
  command = false;

  /** True where a new statement can begin, and a line that begins with a backslash is a command of psql's. */
  get between(): boolean {
    return this.#between && this.#inside === "code";
  }

  /** Reads `bytes[from, to)`, a line without its end or a piece of one. */
  read(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) {
      if (this.#inside === "code") at = this.#code(bytes, at, to);
      else if (this.#inside === "text") at = this.#text(bytes, at);
      else if (this.#inside === "name") at = this.#until(bytes, at, to, DOUBLE);
      else if (this.#inside === "comment") at = this.#comment(bytes, at);
      else at = this.#body(bytes, at, to);
    }
  }

  #code(bytes: Uint8Array, at: number, to: number): number {
    const byte = bytes[at] ?? 0;
    if (byte <= 32) return at + 1;
    if (byte === MINUS && bytes[at + 1] === MINUS) return to;
    if (byte === SLASH && bytes[at + 1] === STAR) {
      this.#inside = "comment";
      this.#depth = 1;
      return at + 2;
    }
    this.#between = byte === SEMICOLON;
    if (byte === BACKSLASH) this.command = true;
    if (byte === QUOTE) {
      this.#inside = "text";
      this.#escapes = (bytes[at - 1] === 69 || bytes[at - 1] === 101) && !isWord(bytes[at - 2]);
    } else if (byte === DOUBLE) {
      this.#inside = "name";
    } else if (byte === DOLLAR && !isWord(bytes[at - 1])) {
      return this.#dollar(bytes, at, to);
    }
    return at + 1;
  }

  #dollar(bytes: Uint8Array, at: number, to: number): number {
    let end = at + 1;
    while (end < to && isWord(bytes[end])) end++;
    // $1 is a parameter.
    if (bytes[end] !== DOLLAR || isDigit(bytes[at + 1])) return at + 1;
    this.#inside = "body";
    this.#tag = bytes.slice(at, end + 1);
    return end + 1;
  }

  #text(bytes: Uint8Array, at: number): number {
    if (bytes[at] === BACKSLASH && this.#escapes) return at + 2;
    if (bytes[at] !== QUOTE) return at + 1;
    if (bytes[at + 1] === QUOTE) return at + 2;
    this.#inside = "code";
    return at + 1;
  }

  #until(bytes: Uint8Array, at: number, to: number, end: number): number {
    const found = bytes.indexOf(end, at);
    if (found < 0 || found >= to) return to;
    this.#inside = "code";
    return found + 1;
  }

  #comment(bytes: Uint8Array, at: number): number {
    if (bytes[at] === SLASH && bytes[at + 1] === STAR) this.#depth++;
    else if (bytes[at] === STAR && bytes[at + 1] === SLASH) this.#depth--;
    else return at + 1;
    if (this.#depth === 0) this.#inside = "code";
    return at + 2;
  }

  #body(bytes: Uint8Array, at: number, to: number): number {
    const found = bytes.indexOf(DOLLAR, at);
    if (found < 0 || found >= to) return to;
    const ends = this.#tag.every((byte, index) => found + index < to && bytes[found + index] === byte);
    if (!ends) return found + 1;
    this.#inside = "code";
    return found + this.#tag.length;
  }
}

function isDigit(byte = 0): boolean {
  return byte >= 48 && byte <= 57;
}

function isWord(byte = 0): boolean {
  return isDigit(byte) || byte === 95 || byte >= 128 || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}
