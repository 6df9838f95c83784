const OPENING = "([{";
const CLOSING = ")]}";

/**
 * True when SQL text can be nothing but one expression inside parentheses: quotes and brackets are closed and none is
 * closed that it didn't open, and it holds neither a comment nor the end of a statement. Whether it means something is the server's to say.
 */
export function isOneExpression(text: string): boolean {
  if (text.trim() === "") return false;
  const open: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string;
    const pair = text.slice(at, at + 2);
    if (letter === ";" || letter === "#" || letter === "\\" || pair === "--" || pair === "/*" || pair === "*/")
      return false;
    if (letter === "'" || letter === '"' || letter === "`") {
      at = endOfQuoted(text, at);
      if (at < 0) return false;
    } else if (letter === "$" && /^\$(\w*)\$/.test(text.slice(at))) return false;
    else if (OPENING.includes(letter)) open.push(letter);
    else if (CLOSING.includes(letter) && open.pop() !== OPENING[CLOSING.indexOf(letter)]) return false;
  }
  return open.length === 0;
}

/** Where the quote at `from` is closed; -1 when it isn't, or holds a backslash, which ends it in one dialect and not in another. */
function endOfQuoted(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") return -1;
    if (text[at] !== quote) continue;
    if (text[at + 1] !== quote) return at;
    at++;
  }
  return -1;
}
