/** A line, or an assignment over several lines; `lead`, `raw`, `tail` and `eol` joined are the text as it was. */
interface Piece {
  /** Absent for what assigns nothing. */
  name?: string;
  lead: string;
  /** The value as it is written, with its quotes. */
  raw: string;
  tail: string;
  eol: string;
}

const ASSIGNMENT =
  /([ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(?:[ \t]+(?=[^ \t\r\n#]))?)('[^']*'|"(?:\\.|[^"\\])*"|`[^`]*`|[^\r\n]*?)([ \t]*(?:(?<=[ \t])#[^\r\n]*)?)(\r?\n|$)/suy;
const LINE = /([^\n]*?)(\r?\n|$)/uy;

/** The values that a text gives to a variable, as they are written; most readers take the last. */
export function rawValues(text: string, name: string): string[] {
  return piecesOf(text).flatMap((piece) => (piece.name === name ? [piece.raw] : []));
}

/** The text with other values in a variable's lines, in their order; null takes the line out. All other bytes stay. */
export function withRawValues(text: string, name: string, raws: readonly (string | null)[]): string {
  const pieces = piecesOf(text);
  const kept: Piece[] = [];
  let seen = 0;
  for (const piece of pieces) {
    const raw = piece.name === name ? raws[seen++] : undefined;
    if (raw === null) {
      const before = kept.at(-1);
      // The last line without an end had none in front of it either.
      if (piece.eol === "" && before) before.eol = "";
    } else kept.push(raw === undefined ? piece : { ...piece, raw });
  }
  return kept.map(textOf).join("");
}

/** The text with a line more, which ends as the text did. */
export function withLine(text: string, name: string, raw: string): string {
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  const line = `${name}=${raw}`;
  return text === "" || text.endsWith("\n") ? `${text}${line}${eol}` : `${text}${eol}${line}`;
}

/**
 * A value as shells, docker compose and the libraries of most languages read it alike. They agree on plain characters and
 * on single quotes, in which some expand "$" all the same.
 */
export function quoteDotenv(value: string): string {
  if (/^[\w.:/@%+,=-]*$/.test(value)) return value;
  if (!/['$]/.test(value)) return `'${value}'`;
  return `"${value.replace(/["\\$`]/g, "\\$&")}"`;
}

/** As {@link quoteDotenv}, in the quotes of what stood there before where they do. */
export function quoteLike(old: string, value: string): string {
  if (old.startsWith('"') && !/["\\$`]/.test(value)) return `"${value}"`;
  if (old.startsWith("'") && !/['$]/.test(value)) return `'${value}'`;
  return quoteDotenv(value);
}

/** What a value means that is written so. */
export function unquoteDotenv(raw: string): string {
  const quote = raw[0] ?? "";
  if (raw.length < 2 || !"'\"`".includes(quote) || !raw.endsWith(quote)) return raw;
  const inner = raw.slice(1, -1);
  return quote === '"' ? inner.replace(/\\(["\\$`])/g, "$1") : inner;
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  // A byte order mark belongs to no line.
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  if (at === 1) pieces.push({ lead: "\uFEFF", raw: "", tail: "", eol: "" });
  while (at < text.length) {
    const piece = assignmentAt(text, at) ?? lineAt(text, at);
    pieces.push(piece);
    at += textOf(piece).length;
  }
  return pieces;
}

function assignmentAt(text: string, at: number): Piece | undefined {
  ASSIGNMENT.lastIndex = at;
  const match = ASSIGNMENT.exec(text);
  if (!match) return undefined;
  const [, lead = "", name = "", raw = "", tail = "", eol = ""] = match;
  return { name, lead, raw, tail, eol };
}

function lineAt(text: string, at: number): Piece {
  LINE.lastIndex = at;
  const [, lead = "", eol = ""] = LINE.exec(text) ?? [];
  return { lead, raw: "", tail: "", eol };
}

function textOf({ lead, raw, tail, eol }: Piece): string {
  return lead + raw + tail + eol;
}
