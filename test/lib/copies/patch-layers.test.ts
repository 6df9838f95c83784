import { describe, expect, test } from "bun:test";
import { lay, lift } from "../../../lib/copies/patch-layers.ts";

const A = { DATABASE_URL: "postgres://a:pw@h:1/db" };
const B = { DATABASE_URL: "postgres://b:pw@h:2/db" };

const on = (text: string) => ({ text, layers: [] });
const edited = <T extends { text: string }>(file: T, from: string, to: string): T => {
  expect(file.text).toContain(from);
  return { ...file, text: file.text.replace(from, to) };
};

const files: [what: string, text: string][] = [
  ["a line of many", "# mine\nX=1\n\nDATABASE_URL=old\nY=2\n"],
  ["no such line", "X=1\n"],
  ["no such line, and no newline at the end", "X=1"],
  ["an empty file", ""],
  ["CRLF", "X=1\r\nDATABASE_URL=old\r\n"],
  ["CRLF without the line", "X=1\r\nY=2\r\n"],
  ["export, quotes and a comment", '  export DATABASE_URL = "old"  # why\n'],
  ["twice", "DATABASE_URL=one\nX=1\nDATABASE_URL='two'\n"],
  ["over several lines", "DATABASE_URL='o\nl\nd'\nX=1"],
  ["with a byte order mark", "\uFEFFDATABASE_URL=old"],
];

describe.each(files)("%s", (_, text) => {
  test("a copy's value is read by whoever reads the file, and goes without a trace", () => {
    const laid = lay(on(text), "a", A);
    expect(laid.text).toContain(A.DATABASE_URL);
    expect(laid.text).not.toMatch(/old|one|two|o\nl\nd/);
    expect(lift(laid, "a")).toEqual({ ...on(text), restored: ["DATABASE_URL"], left: [] });
  });

  test("to patch again changes nothing", () => {
    const once = lay(on(text), "a", A);
    expect(lay(once, "a", A)).toEqual(once);
  });

  test("of two copies the second counts, in whatever order they go", () => {
    const both = lay(lay(on(text), "a", A), "b", B);
    expect(both.text).toContain(B.DATABASE_URL);
    expect(both.text).not.toContain(A.DATABASE_URL);
    expect(lift(lift(both, "b"), "a").text).toBe(text);
    const rest = lift(both, "a");
    expect(rest).toMatchObject({ text: both.text, restored: [], left: [] });
    expect(lift(rest, "b")).toMatchObject({ text, layers: [] });
  });

  test("the first copy may come to the top again", () => {
    const again = lay(lay(lay(on(text), "a", A), "b", B), "a", A);
    expect(again.text).toContain(A.DATABASE_URL);
    expect(again.layers.map(({ copyId }) => copyId)).toEqual(["b", "a"]);
    expect(lift(again, "a").text).toContain(B.DATABASE_URL);
    expect(lift(lift(again, "b"), "a").text).toBe(text);
    expect(lift(lift(again, "a"), "b").text).toBe(text);
  });

  test("a kill between the record and the file loses nothing", () => {
    const recorded = { text, layers: lay(on(text), "a", A).layers };
    expect(lift(recorded, "a").text).toBe(text);
    expect(lift(lay(recorded, "a", A), "a").text).toBe(text);
    const first = lay(on(text), "a", A);
    const second = { text: first.text, layers: lay(first, "b", B).layers };
    expect(lift(lift(second, "b"), "a").text).toBe(text);
    expect(lift(lift(second, "a"), "b").text).toBe(text);
  });

  test("a kill between the file and the record loses nothing", () => {
    const first = lay(on(text), "a", A);
    expect(lift({ text: lift(first, "a").text, layers: first.layers }, "a").text).toBe(text);
  });
});

describe("what was edited meanwhile", () => {
  const laid = lay(on("X=1\nDATABASE_URL=old\n"), "a", A);

  test("a value of the user's own stays, and is named", () => {
    const mine = edited(laid, A.DATABASE_URL, "mine");
    expect(lift(mine, "a")).toEqual({ ...on("X=1\nDATABASE_URL=mine\n"), restored: [], left: ["DATABASE_URL"] });
  });

  test("a value of the user's own is what comes back after another patch", () => {
    expect(lift(lay(edited(laid, A.DATABASE_URL, "mine"), "a", A), "a").text).toBe("X=1\nDATABASE_URL=mine\n");
  });

  test("our value in other quotes, with a comment, elsewhere in the file is still ours", () => {
    const moved = { ...laid, text: `# new\nexport DATABASE_URL="${A.DATABASE_URL}" # note\nX=2\n` };
    expect(lift(moved, "a").text).toBe("# new\nexport DATABASE_URL=old # note\nX=2\n");
  });

  test("a line that was removed stays removed", () => {
    expect(lift({ ...laid, text: "X=1\n" }, "a")).toMatchObject({ text: "X=1\n", restored: [], left: [] });
  });

  test("a line that was added before ours is none of ours", () => {
    const more = { ...laid, text: `DATABASE_URL=mine\n${laid.text}` };
    expect(lift(more, "a").text).toBe("DATABASE_URL=mine\nX=1\nDATABASE_URL=old\n");
  });

  test("lines behind an added one stay, where it was the last without a newline", () => {
    const added = lay(on("X=1"), "a", A);
    expect(lift({ ...added, text: `${added.text}\nY=2\n` }, "a").text).toBe("X=1\nY=2\n");
  });
});

test("what the configuration no longer names goes back with the rest", () => {
  const first = lay(on("DATABASE_URL=old\nDB_HOST=there\n"), "a", A);
  const second = lay(first, "a", { DB_HOST: "here" });
  expect(second.text).toBe(`DATABASE_URL=${A.DATABASE_URL}\nDB_HOST=here\n`);
  expect(lift(second, "a").text).toBe("DATABASE_URL=old\nDB_HOST=there\n");
});

test("values of an earlier form of the same variable are known too", () => {
  const jdbc = { DATABASE_URL: "jdbc:postgresql://h:1/db?user=a&password=pw" };
  const first = lay(on("DATABASE_URL=old\n"), "a", A);
  const recorded = { text: first.text, layers: lay(first, "a", jdbc).layers };
  expect(lift(recorded, "a").text).toBe("DATABASE_URL=old\n");
});

test("two copies on one host: the first one's end takes nothing from the second", () => {
  const host = { DB_HOST: "127.0.0.1" };
  for (const text of ["DB_HOST=there\n", "DB_HOST=127.0.0.1\nDB_HOST=there\n", "X=1"]) {
    const both = lay(lay(on(text), "a", host), "b", host);
    expect(lift(both, "a").text).toBe(both.text);
    expect(lift(lift(both, "a"), "b").text).toBe(text);
    expect(lift(lift(both, "b"), "a").text).toBe(text);
    const three = lay(both, "c", host);
    for (const order of ["abc", "acb", "bac", "bca", "cab", "cba"]) {
      expect([...order].reduce((file: Parameters<typeof lift>[0], id) => lift(file, id), three)).toMatchObject({
        text,
        layers: [],
      });
    }
  }
});

test("a file that was never written, whose first line had the copy's value already, stays as it was", () => {
  const text = "DB_HOST=127.0.0.1\nDB_HOST=there\n";
  expect(lift({ text, layers: lay(on(text), "a", { DB_HOST: "127.0.0.1" }).layers }, "a").text).toBe(text);
});

test("random orders of patches and ends leave what was there", () => {
  const texts = ["DATABASE_URL=old\nDB_HOST=there\n", "export DB_HOST='127.0.0.1'", "", "DB_HOST=a\r\nDB_HOST=b\r\n"];
  const valuesOf = (id: string) => ({ DATABASE_URL: `postgres://${id}@127.0.0.1/db`, DB_HOST: "127.0.0.1" });
  let seed = 7;
  const draw = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 2_000; round++) {
    const text = texts[draw(texts.length)] ?? "";
    let file: Parameters<typeof lift>[0] = on(text);
    const steps: string[] = [];
    for (let step = 0; step < 8; step++) {
      const id = "abcd"[draw(4)] ?? "a";
      const end = draw(2) === 0;
      steps.push(`${end ? "-" : "+"}${id}`);
      file = end ? lift(file, id) : lay(file, id, valuesOf(id));
      const top = file.layers.at(-1)?.copyId;
      if (top !== undefined) expect(`${steps.join()}: ${file.text}`).toContain(`${top}@127`);
    }
    for (const { copyId } of file.layers) file = lift(file, copyId);
    expect({ steps, text: file.text, layers: file.layers }).toEqual({ steps, text, layers: [] });
  }
});
