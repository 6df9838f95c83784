import { describe, expect, test } from "bun:test";
import { type Accepts, parseVerb, splitRest } from "../../../lib/kit/args.ts";
import { DittoError } from "../../../lib/kit/errors.ts";

const accepts: Accepts = {
  flags: {
    name: { type: "string", short: "n" },
    label: { type: "string", multiple: true },
    ttl: { type: "duration", or: "never" },
    size: { type: "size" },
    count: { type: "integer", min: 1, max: 9 },
    "if-exists": { type: "string", choices: ["fail", "reuse", "reset"] },
    loud: { type: "boolean" },
  },
  positionals: [0, 2],
  argument: "a name",
  later: ["workers"],
};

function parse(line: string, verb: Accepts = accepts) {
  const { head, rest } = splitRest(line === "" ? [] : line.split(" "));
  return parseVerb(verb, head, rest, { name: "copy create", command: "bun scripts/copy.ts" });
}

function refusal(line: string, verb: Accepts = accepts): string {
  try {
    parse(line, verb);
  } catch (error) {
    if (!(error instanceof DittoError)) throw error;
    expect(error.exit).toBe(2);
    return `${error.message} | ${error.hint}`;
  }
  throw new Error(`"${line}" was accepted`);
}

describe("values", () => {
  test("have the types of their flags", () => {
    const { values, positionals } = parse("a --ttl 2h --size 1k --count 3 --if-exists reuse --loud b --name=x");
    expect(values).toMatchObject({ ttl: 7200, size: 1024, count: 3, "if-exists": "reuse", loud: true, name: "x" });
    expect(positionals).toEqual(["a", "b"]);
  });

  test("are undefined, false or empty when the flag is absent", () => {
    expect(parse("").values).toMatchObject({ loud: false, label: [], json: false, yes: false });
    expect(parse("").values.ttl).toBeUndefined();
  });

  test("accumulate where the flag may be repeated", () => {
    expect(parse("--label a=1 --label b=2").values.label).toEqual(["a=1", "b=2"]);
  });

  test("may be the word that stands for no number", () => {
    expect(parse("--ttl never").values.ttl).toBe("never");
  });

  test("may begin with a dash behind an equals sign", () => {
    expect(parse("--name=-x").values.name).toBe("-x");
  });
});

describe("a mistake names the way out", () => {
  test.each([
    ["--nmae x", 'unknown flag "--nmae" | Did you mean "--name"?'],
    ["--if_exists x", 'Did you mean "--if-exists"?'],
    ["-x", 'unknown flag "-x"'],
    ["--no-loud", 'unknown flag "--no-loud"'],
    ["--name", "argument missing"],
    ["--name --loud", "ambiguous"],
    ["--name=", 'the value of "--name" is empty'],
    ["--label=", 'the value of "--label" is empty'],
    ["--loud=1", "does not take an argument"],
    ["--name a --name b", '"--name" is given twice'],
    ["--name a -n b", '"--name" is given twice'],
    ["--json --json", '"--json" is given twice'],
    ["--count 10", '"--count" must be from 1 to 9, not 10'],
    ["--count 1.5", "whole number"],
    ["--count x", "whole number"],
    ["--ttl 3x", 'Cannot read "3x" as a duration'],
    ["--ttl nevr", 'Cannot read "nevr" as a duration'],
    ["--size x", 'Cannot read "x" as a size'],
    ["--if-exists rest", 'Did you mean "reset"?'],
    ["--runtime dokcer", 'Did you mean "docker"?'],
    ["--workers 3", '"--workers" is not in this version'],
    ["a b c", '"c" is one argument too many'],
    ["a -- b c", '"c" is one argument too many'],
  ])("%s", (line, sentence) => {
    expect(refusal(line)).toContain(sentence);
  });

  test("an empty argument is never taken for all", () => {
    expect(() => parseVerb(accepts, [""], undefined, { name: "x", command: "x" })).toThrow("an argument is empty");
  });

  test("a missing argument", () => {
    expect(refusal("", { positionals: [1, 1], argument: "COPY" })).toContain("COPY is missing");
  });
});

describe("what stands behind --", () => {
  const runs: Accepts = { rest: "required", flags: { keep: { type: "boolean" } } };

  test("is the command, untouched", () => {
    expect(parse("--keep -- npm test --keep -- x", runs)).toMatchObject({
      rest: ["npm", "test", "--keep", "--", "x"],
      values: { keep: true },
    });
  });

  test.each(["", "--", "--keep"])("must not be missing: %p", (line) => {
    expect(refusal(line, runs)).toContain("the command is missing");
  });

  test("is asked for when the command stands before it", () => {
    expect(refusal("npm test", runs)).toContain('A command stands behind "--"');
  });
});
