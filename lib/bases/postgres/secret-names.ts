/** What options of foreign data wrappers and settings are called that hold or lead to a secret; a pattern of the server's and of JavaScript's. */
export const SECRET = "pass|pwd|secret|token|credential|private|sslkey|access_?key|api_?key";
