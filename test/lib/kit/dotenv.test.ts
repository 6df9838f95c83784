import { expect, test } from "bun:test";
import { quoteDotenv, quoteLike, rawValues, unquoteDotenv, withLine, withRawValues } from "../../../lib/kit/dotenv.ts";

const lines: [what: string, text: string, raws: string[]][] = [
  ["plain", "URL=a\n", ["a"]],
  ["no newline at the end", "URL=a", ["a"]],
  ["CRLF", "X=1\r\nURL=a\r\nY=2\r\n", ["a"]],
  ["export, indentation, blanks", "  export  URL = a b \n", ["a b"]],
  ["twice", "URL=a\nX=1\nURL='b'\n", ["a", "'b'"]],
  ["empty", "URL=\nURL= \nURL=''\n", ["", "", "''"]],
  ["a comment behind it", "URL=a # why\nURL=b#c\nURL='d # e' # f\nURL= # g\n", ["a", "b#c", "'d # e'", ""]],
  ["commented out", "#URL=a\n # URL=b\n", []],
  ["another variable's name", "MY_URL=a\nURL_2=b\nURL.x=c\nURL\nexport URL\n", []],
  ["over several lines", 'URL="a\nb" # c\nX=1\n', ['"a\nb"']],
  ["inside of another's lines", "KEY='\nURL=no\n'\nURL=yes\n", ["yes"]],
  ["a quote that never ends", "A='x\nURL=a\nB=it's\n", ["a"]],
  ["escaped quotes", 'URL="a\\"b\\\\"\nX="\nURL=no"\n', ['"a\\"b\\\\"']],
  ["a byte order mark", "\uFEFFURL=a\n", ["a"]],
];

for (const [what, text, raws] of lines) {
  test(`a variable's lines are found: ${what}`, () => {
    expect(rawValues(text, "URL")).toEqual(raws);
  });

  test(`everything else stays as it was: ${what}`, () => {
    expect(withRawValues(text, "URL", raws)).toBe(text);
    const changed = withRawValues(
      text,
      "URL",
      raws.map(() => "new"),
    );
    expect(rawValues(changed, "URL")).toEqual(raws.map(() => "new"));
    expect(withRawValues(changed, "URL", raws)).toBe(text);
  });

  test(`a line more goes away without a trace: ${what}`, () => {
    const more = withLine(withLine(text, "ONE", "1"), "TWO", "2");
    expect(rawValues(more, "TWO")).toEqual(["2"]);
    const without = (name: string, from: string) => withRawValues(from, name, [null]);
    expect(without("TWO", without("ONE", more))).toBe(text);
    expect(without("ONE", without("TWO", more))).toBe(text);
  });
}

test("a line more has the file's own line ends", () => {
  expect(withLine("A=1\r\n", "B", "2")).toBe("A=1\r\nB=2\r\n");
  expect(withLine("A=1", "B", "2")).toBe("A=1\nB=2");
  expect(withLine("", "B", "2")).toBe("B=2\n");
});

const values: [value: string, written: string][] = [
  ["postgres://ditto:a-b_c@127.0.0.1:5432/shop", "postgres://ditto:a-b_c@127.0.0.1:5432/shop"],
  ["", ""],
  ["ditto:x@tcp(127.0.0.1:3306)/shop", "'ditto:x@tcp(127.0.0.1:3306)/shop'"],
  ["jdbc:postgresql://h:1/db?user=a&password=b", "'jdbc:postgresql://h:1/db?user=a&password=b'"],
  ["a b#c", "'a b#c'"],
  ['say "hi"', "'say \"hi\"'"],
  ["it's", '"it\'s"'],
  ["$HOME `id`", '"\\$HOME \\`id\\`"'],
  ["a\nb", "'a\nb'"],
];

for (const [value, written] of values) {
  test(`${JSON.stringify(value)} is written so that it means itself`, () => {
    expect(quoteDotenv(value)).toBe(written);
    for (const old of ["", "x", "'x'", '"x"']) expect(unquoteDotenv(quoteLike(old, value))).toBe(value);
  });
}

test("quotes stay what they were, where the value allows it", () => {
  expect(["x", "'x'", '"x"', '"x'].map((old) => quoteLike(old, "v"))).toEqual(["v", "'v'", '"v"', '"v"']);
  expect(quoteLike("'x'", "it's")).toBe('"it\'s"');
});
