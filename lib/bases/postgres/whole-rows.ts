const NEWLINE = 10;

/** Rows are handed on in pieces of about this many bytes. */
const PIECE = 1 << 18;

type Rows = Uint8Array<ArrayBuffer>;

/** Collects COPY's text format, which comes in chunks, into pieces of whole rows. */
export function wholeRows(): { push(chunk: Uint8Array): Rows | undefined; end(): Rows | undefined } {
  let chunks: Uint8Array[] = [];
  let bytes = 0;

  function take(rest?: Uint8Array): Rows | undefined {
    const piece = bytes > 0 ? new Uint8Array(Buffer.concat(chunks)) : undefined;
    chunks = rest === undefined || rest.length === 0 ? [] : [rest];
    bytes = rest?.length ?? 0;
    return piece;
  }

  return {
    push(chunk) {
      const end = bytes + chunk.length < PIECE ? -1 : chunk.lastIndexOf(NEWLINE);
      if (end < 0) {
        chunks.push(chunk);
        bytes += chunk.length;
        return undefined;
      }
      chunks.push(chunk.subarray(0, end + 1));
      bytes += end + 1;
      return take(chunk.slice(end + 1));
    },
    /** The last rows. Throws when the stream ended in the middle of one. */
    end() {
      if (bytes > 0 && chunks.at(-1)?.at(-1) !== NEWLINE) throw new Error("the rows end in the middle of one");
      return take();
    },
  };
}
