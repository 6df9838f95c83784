import { describe, expect, test } from "bun:test";
import { assignments } from "../../../lib/kit/shell.ts";

const VALUES = {
  PLAIN: "postgres://ditto:a-b_c@127.0.0.1:5432/shop",
  QUOTES: `it's "so"`,
  DOLLAR: "$HOME $1 $(id) `id` %PATH%",
  BACKSLASH: "a\\b\\",
  MIXED: "\\'$x\\'",
  SEVERAL: "a\nb\n\nc",
  SIGNS: "!! ~ * ? [a] {b,c} ; & | < > ( ) # = ^ \t é ✓",
  EMPTY: "",
};

const dump = `"${process.execPath}" -e 'console.log(JSON.stringify(process.env))'`;

/** The variables that a program sees which a shell starts after it has read the lines. */
function seenIn(shell: string, script: string, lines: string): Record<string, string> {
  const { stdout, stderr } = Bun.spawnSync([shell, "-c", `${script}\n${dump}`], {
    env: { LINES_OF: lines, LC_ALL: "C.UTF-8" },
  });
  if (stderr.length > 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

const tried: [shell: string, form: "bash" | "fish", script: string][] = [
  ["bash", "bash", 'eval "$(printf %s "$LINES_OF")"'],
  ["dash", "bash", 'eval "$(printf %s "$LINES_OF")"'],
  ["zsh", "bash", 'eval "$(printf %s "$LINES_OF")"'],
  ["fish", "fish", "printf %s $LINES_OF | source"],
  ["fish", "fish", "eval (printf %s $LINES_OF)"],
];

for (const [shell, form, script] of tried) {
  const missing = Bun.which(shell) === null;
  describe.skipIf(missing)(`${shell}${missing ? " (not installed)" : ""}`, () => {
    test(`takes every value as it is: ${script}`, () => {
      expect(seenIn(shell, script, assignments(form, VALUES))).toMatchObject(VALUES);
    });
  });
}

test("bash takes a URL from an eval without quotes too", () => {
  const lines = assignments("bash", { ONE: VALUES.PLAIN, TWO: "2" });
  expect(seenIn("bash", 'eval $(printf %s "$LINES_OF")', lines)).toMatchObject({ ONE: VALUES.PLAIN, TWO: "2" });
});

// No PowerShell is at hand: its rules are those of about_Quoting_Rules.
test("PowerShell's quotes are doubled, its typographic ones too, and nothing else", () => {
  expect(assignments("pwsh", { A: "it's ‘so’ ‚a‛", B: '$env:PATH `n "x" \\' })).toBe(
    "$env:A = 'it''s ‘‘so’’ ‚‚a‛‛'\n$env:B = '$env:PATH `n \"x\" \\'",
  );
});

describe("dotenv", () => {
  const file = assignments("dotenv", { ...VALUES, DOLLAR: "a$b", BACKSLASH: "a\\b" });

  test("means the same to a POSIX shell", () => {
    expect(seenIn("dash", 'set -a; eval "$LINES_OF"', file)).toMatchObject({
      ...VALUES,
      DOLLAR: "a$b",
      BACKSLASH: "a\\b",
    });
  });

  test("means the same to Bun, but for quotes of both kinds", async () => {
    const path = `${process.env.TMPDIR ?? "/tmp"}/ditto-dotenv-${process.pid}`;
    await Bun.write(path, file);
    const { stdout } = Bun.spawnSync(
      [process.execPath, `--env-file=${path}`, "-e", "console.log(JSON.stringify(process.env))"],
      { env: {} },
    );
    await Bun.file(path).delete();
    const { QUOTES, MIXED, ...same } = { ...VALUES, DOLLAR: "a$b", BACKSLASH: "a\\b" };
    expect(JSON.parse(stdout.toString())).toMatchObject(same);
  });
});
