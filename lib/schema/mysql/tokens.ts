/** A piece of SQL as MySQL prints it; `text` is exactly what stood there. */
export interface Token {
  kind: "word" | "name" | "string" | "group" | "comma" | "other";
  text: string;
  /** Where it begins. */
  at: number;
}

/** Where the quoted thing that begins at `start` ends (exclusive). Backslashes escape in strings, never in names. */
function endOfQuoted(sql: string, start: number): number {
  const quote = sql[start];
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] === "\\" && quote !== "`") at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** Where the parenthesis that opens at `start` is closed (exclusive). */
export function endOfGroup(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    const char = sql[at];
    if (char === "'" || char === '"' || char === "`") at = endOfQuoted(sql, at) - 1;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at + 1;
  }
  return sql.length;
}

/** The versioned comments of the server's own text as what they hold: `/*!80023 INVISIBLE *\/` is `INVISIBLE`. */
export function withoutVersions(sql: string): string {
  if (!sql.includes("/*")) return sql;
  let plain = "";
  for (let at = 0; at < sql.length; ) {
    const char = sql[at] ?? "";
    if (char === "'" || char === '"' || char === "`") {
      const end = endOfQuoted(sql, at);
      plain += sql.slice(at, end);
      at = end;
      continue;
    }
    const opening = char === "/" ? /^\/\*M?!\d*/.exec(sql.slice(at, at + 12))?.[0] : undefined;
    if (opening !== undefined) at += opening.length;
    else if (char === "*" && sql[at + 1] === "/") at += 2;
    else {
      plain += char;
      at++;
    }
  }
  return plain;
}

/** Splits what the server printed; blanks between tokens are lost, those inside of them are not. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const char = sql[at] ?? "";
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    const token = tokenAt(sql, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(sql: string, at: number): Token {
  const char = sql[at] ?? "";
  const until = (end: number, kind: Token["kind"]): Token => ({ kind, text: sql.slice(at, end), at });
  if (char === "'" || char === '"') return until(endOfQuoted(sql, at), "string");
  if (char === "`") return until(endOfQuoted(sql, at), "name");
  if (char === "(") return until(endOfGroup(sql, at), "group");
  if (char === ",") return until(at + 1, "comma");
  if (char === ".") return until(at + 1, "other");
  const word = /^[^\s'"`(),=]+/.exec(sql.slice(at, at + 400))?.[0];
  return word === undefined ? until(at + 1, "other") : until(at + word.length, "word");
}

/** The parts between commas that stand in no parenthesis and no quotes, trimmed. */
export function splitAtCommas(sql: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < sql.length; at++) {
    const char = sql[at];
    if (char === "'" || char === '"' || char === "`") at = endOfQuoted(sql, at) - 1;
    else if (char === "(") at = endOfGroup(sql, at) - 1;
    else if (char === ",") {
      parts.push(sql.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = sql.slice(start).trim();
  return last === "" ? parts : [...parts, last];
}

/** The name that a back-quoted token stands for; other tokens are names as they are. */
export function unquoteName(text: string): string {
  return text.startsWith("`") ? text.slice(1, -1).replaceAll("``", "`") : text;
}

/** Every back-quoted name in a piece of SQL, strings left out. */
export function namesIn(sql: string): string[] {
  const names: string[] = [];
  for (let at = 0; at < sql.length; at++) {
    const char = sql[at];
    if (char !== "'" && char !== '"' && char !== "`") continue;
    const end = endOfQuoted(sql, at);
    if (char === "`") names.push(unquoteName(sql.slice(at, end)));
    at = end - 1;
  }
  return names;
}

/** Puts other names for those that stand back-quoted in a piece of SQL; strings are left alone. */
export function renameIn(sql: string, renames: Map<string, string>): string {
  if (renames.size === 0) return sql;
  let renamed = "";
  for (let at = 0; at < sql.length; ) {
    const char = sql[at] ?? "";
    if (char !== "'" && char !== '"' && char !== "`") {
      renamed += char;
      at++;
      continue;
    }
    const end = endOfQuoted(sql, at);
    const text = sql.slice(at, end);
    const name = char === "`" ? renames.get(unquoteName(text)) : undefined;
    renamed += name === undefined ? text : `\`${name.replaceAll("`", "``")}\``;
    at = end;
  }
  return renamed;
}
