/** A place in SQL text where a quoted part, a comment or a word begins. */
const TOKEN =
  /'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|--|\/\*|[;()]|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\\[;\\]|\\(?:'(?:[^'\\\n]|\\.|'')*'|"[^"\n]*"|[^\\\n])*/g;

/** A statement in a text, without what stands before it, and where it begins. */
export interface SplitStatement {
  sql: string;
  /** Counted from 0. */
  at: number;
}

/** What the text of a client has in it. */
export interface SplitText {
  statements: SplitStatement[];
  /** What is for psql, up to the next or the line's end: `\i other.sql`, also behind a statement. */
  commands: { text: string; at: number }[];
}

/** Splits what a client sends or psql reads into its statements, as Postgres' own scanner would. */
export function splitSql(text: string): SplitText {
  const statements: SplitStatement[] = [];
  const commands: SplitText["commands"] = [];
  const token = new RegExp(TOKEN);
  let from = 0;
  let state = fresh();
  const end = (to: number) => {
    const begin = from + leading(text.slice(from, to));
    const sql = text.slice(begin, to).trim();
    if (sql !== "") statements.push({ sql, at: begin });
    state = fresh();
    return sql;
  };
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [word] = match;
    const next = match.index + word.length;
    // Both go on with SQL.
    if (word === "\\;" || word === "\\\\") continue;
    if (word.startsWith("\\")) {
      commands.push({ text: word, at: match.index });
      if (text.slice(from, match.index).trim() === "") from = next;
    } else if (word === ";" && state.depth === 0 && state.blocks === 0) {
      const sql = end(match.index);
      from = /^copy\b[\s\S]*\bfrom\s+stdin\b/i.test(sql) ? afterCopy(text, next) : next;
      token.lastIndex = from;
    } else token.lastIndex = skip(text, word, match.index, state);
  }
  end(text.length);
  return { statements, commands };
}

const fresh = () => ({ depth: 0, blocks: 0, before: "", words: [] as string[] });

/** Goes over one token: quoted parts and comments wholly, brackets and the bodies of SQL-standard functions are counted. */
function skip(text: string, word: string, at: number, state: ReturnType<typeof fresh>): number {
  const next = at + word.length;
  if (word === "--") return indexAfter(text, "\n", next);
  if (word === "/*") return afterComment(text, next);
  if (word === '"') return indexAfter(text, '"', next);
  if (word === "'")
    return /(^|[^\w$])e$/i.test(text.slice(Math.max(0, at - 2), at))
      ? afterEscapes(text, next)
      : indexAfter(text, "'", next);
  if (word.startsWith("$")) return indexAfter(text, word, next);
  if (word === "(") state.depth++;
  else if (word === ")") state.depth = Math.max(0, state.depth - 1);
  else countBlocks(word.toLowerCase(), state);
  return next;
}

function countBlocks(word: string, state: ReturnType<typeof fresh>): void {
  if (state.words.length < 5) state.words.push(word);
  const routine = state.words[0] === "create" && /\b(function|procedure)\b/.test(state.words.join(" "));
  if (routine && state.before === "begin" && word === "atomic") state.blocks++;
  else if (state.blocks > 0 && word === "case") state.blocks++;
  else if (state.blocks > 0 && word === "end") state.blocks--;
  state.before = word;
}

function indexAfter(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

function afterEscapes(text: string, from: number): number {
  const rest = /(?:[^'\\]|\\[\s\S]|'')*'/y;
  rest.lastIndex = from;
  return rest.test(text) ? rest.lastIndex : text.length;
}

function afterComment(text: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 1, match = mark.exec(text); match; match = mark.exec(text)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}

/** Rows of a COPY stand between it and a line with `\.` alone. */
function afterCopy(text: string, from: number): number {
  const end = /^\\\.\r?$/gm;
  end.lastIndex = from;
  return end.test(text) ? end.lastIndex : text.length;
}

/** How much blank and comment a piece begins with. */
function leading(piece: string): number {
  let at = 0;
  for (;;) {
    const rest = piece.slice(at);
    const blank = /^\s+/.exec(rest)?.[0].length ?? 0;
    if (blank > 0) at += blank;
    else if (rest.startsWith("--")) at = indexAfter(piece, "\n", at);
    else if (rest.startsWith("/*")) at = afterComment(piece, at + 2);
    else return at;
  }
}
