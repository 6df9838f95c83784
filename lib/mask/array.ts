/** Masks a Postgres array's text element by element; NULL, `{}`, dimensions and bounds stay. */
export function maskArray(text: string, mask: (element: string) => string): string {
  const start = text.startsWith("[") ? text.indexOf("=") + 1 : 0;
  let out = text.slice(0, start);
  for (let at = start; at < text.length; ) {
    const letter = text[at] as string;
    if (letter === "{" || letter === "}" || letter === ",") {
      out += letter;
      at++;
    } else {
      const { element, end } = letter === '"' ? readQuoted(text, at) : readBare(text, at);
      out += element === null ? "NULL" : quoteElement(mask(element));
      at = end;
    }
  }
  return out;
}

function readQuoted(text: string, from: number): { element: string; end: number } {
  let element = "";
  let at = from + 1;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === "\\") at++;
    element += text[at] ?? "";
  }
  return { element, end: at + 1 };
}

function readBare(text: string, from: number): { element: string | null; end: number } {
  let end = from;
  while (end < text.length && text[end] !== "," && text[end] !== "}") end++;
  const element = text.slice(from, end);
  return { element: element === "NULL" ? null : element, end };
}

/** Quotes what Postgres quotes: its white space is ASCII's. */
function quoteElement(element: string): string {
  if (element !== "" && !/[{}",\\ \t\n\r\v\f]/.test(element) && element.toUpperCase() !== "NULL") return element;
  return `"${element.replace(/["\\]/g, "\\$&")}"`;
}
