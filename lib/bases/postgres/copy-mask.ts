import type { RowMask, ValueChange } from "../row-masks.ts";

const NULL = "\\N";

/**
 * Changes rows of COPY's text format on their way. Lines are handled as strings of one character per byte, so that what no rule
 * names passes as it is, whatever its encoding; the conditions behind the `width` columns are taken off.
 */
export class CopyMask {
  readonly #changes: ValueChange[];
  readonly #width: number;
  #rest = "";

  constructor({ changes }: RowMask, width: number) {
    this.#changes = changes;
    this.#width = width;
  }

  /** The complete rows up to the end of this chunk, changed. */
  push(chunk: Uint8Array): Uint8Array {
    const text = this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    const end = text.lastIndexOf("\n");
    this.#rest = text.slice(end + 1);
    if (end < 0) return new Uint8Array();
    const lines = text.slice(0, end).split("\n");
    for (let at = 0; at < lines.length; at++) lines[at] = this.#row(lines[at] as string);
    return Buffer.from(`${lines.join("\n")}\n`, "latin1");
  }

  /** Throws when the stream ended in the middle of a row. */
  end(): void {
    if (this.#rest !== "") throw new Error("the rows end in the middle of one");
  }

  #row(line: string): string {
    const fields = line.split("\t");
    const raw = this.#changes.some(({ by }) => by !== undefined) ? fields.slice() : fields;
    for (const { index, by, flag, change, count } of this.#changes) {
      const field = fields[index] as string;
      if (flag !== undefined && fields[this.#width + flag] === "t") count.kept++;
      else if (field !== NULL) {
        count.seen++;
        const changed = change === undefined ? undefined : encode(change(decode(field), byValue(raw, by)));
        if (changed === undefined || changed !== field) count.changed++;
        if (changed !== undefined) fields[index] = changed;
      }
    }
    fields.length = this.#width;
    return fields.join("\t");
  }
}

function byValue(fields: string[], by: number | undefined): string | null | undefined {
  if (by === undefined) return undefined;
  const field = fields[by] as string;
  return field === NULL ? null : decode(field);
}

/** Letters behind a backslash, as COPY writes them ("File Formats" in the manual of COPY). */
const ESCAPED: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const LETTER_OF: Record<string, string> = { "\\": "\\\\" };
for (const [letter, character] of Object.entries(ESCAPED)) LETTER_OF[character] = `\\${letter}`;

/** A field's text: bytes of UTF-8, its escapes undone. */
function decode(field: string): string {
  const plain = field.includes("\\")
    ? field.replace(/\\(.)/gs, (_, letter: string) => ESCAPED[letter] ?? letter)
    : field;
  return /[\x80-\xff]/.test(plain) ? Buffer.from(plain, "latin1").toString("utf8") : plain;
}

function encode(text: string): string {
  const escaped = /[\\\b\f\n\r\t\v]/.test(text)
    ? text.replace(/[\\\b\f\n\r\t\v]/g, (letter) => LETTER_OF[letter] as string)
    : text;
  return /[^\x00-\x7f]/.test(escaped) ? Buffer.from(escaped, "utf8").toString("latin1") : escaped;
}
