import { relative } from "node:path";
import { quoteDotenv } from "./dotenv.ts";

/** For whom variables can be written; bash's lines are any POSIX shell's. */
type Shell = "bash" | "fish" | "pwsh" | "dotenv";

/** A word that POSIX sh reads as exactly this text. */
export function quoteShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A word of a command line as one would type it: quoted where that is needed. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoteShell(word);
}

/** A path as one would type it in the working directory: relative, unless that leads up by more than one folder. */
export function shortest(path: string): string {
  const short = relative(process.cwd(), path) || ".";
  return short.startsWith("../..") ? path : short;
}

/** Lines that set and export variables, in the words of a shell. */
export function assignments(shell: Shell, variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => assignment(shell, name, value))
    .join("\n");
}

function assignment(shell: Shell, name: string, value: string): string {
  switch (shell) {
    // The semicolon is for who evals the output without quotes, which makes one line of it.
    case "bash":
      return `export ${name}=${quoteShell(value)};`;
    case "fish":
      return `set -gx ${name} ${quoteFish(value)};`;
    case "pwsh":
      return `$env:${name} = ${quotePwsh(value)}`;
    case "dotenv":
      return `${name}=${quoteDotenv(value)}`;
  }
}

/** Inside single quotes fish knows two escapes; what it evals it splits at newlines, also at quoted ones. */
function quoteFish(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&").replaceAll("\n", "'\\n'")}'`;
}

/** PowerShell takes typographic quotes for quotes too, and doubles whichever it is (about_Quoting_Rules). */
function quotePwsh(text: string): string {
  return `'${text.replace(/['\u2018-\u201B]/g, "$&$&")}'`;
}
