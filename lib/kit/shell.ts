/** A word that POSIX sh reads as exactly this text. */
export function quoteShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
