import { describe, expect, test } from "bun:test";
import { askNobody, concealPassword } from "../../../lib/kit/questions.ts";

describe("a URL as it is typed", () => {
  const WHOLE = [
    ["postgres://ann@db.example.com:5432/shop", "postgres://ann@db.example.com:5432/shop"],
    ["postgres://ann:s3cret@db:5432/shop", "postgres://ann:•••••••••••••••••••"],
    ["postgres://ann:s3@cr/et@db/shop", "postgres://ann:••••••••••••••••"],
    ["ann:s3cret@tcp(db:3306)/shop", "ann:••••••••••••••••••••••••"],
    ["jdbc:postgresql://ann:s3cret@db/shop", "jdbc:postgresql://ann:••••••••••••••"],
    ["postgres://db/shop?user=ann&password=s3cret", "postgres://db/shop?user=ann&password=••••••"],
    ["postgres://ann@db/shop?sslmode=require&PASSWORD=x&a=b", "postgres://ann@db/shop?sslmode=require&PASSWORD=•••••"],
  ];
  for (const [typed = "", shown = ""] of WHOLE) {
    test(`${typed} is shown as ${shown}`, () => {
      expect(concealPassword(typed)).toBe(shown);
    });
  }

  test("no letter of a password is shown at any moment", () => {
    for (const whole of [
      "postgres://ann:XYZ@db/shop",
      "mysql2://ann:XYZ@db",
      "ann:XYZ@tcp(db)/shop",
      "postgres://db/x?password=XYZ",
    ]) {
      for (let typed = 0; typed <= whole.length; typed++)
        expect(concealPassword(whole.slice(0, typed))).not.toMatch(/[XYZ]/);
    }
  });

  test("it is as long as what was typed, so that the cursor stands where it belongs", () => {
    for (const [typed = ""] of WHOLE) expect(concealPassword(typed)).toHaveLength(typed.length);
  });
});

describe("where nobody can be asked", () => {
  test("every question has its default", async () => {
    const ask = askNobody();
    expect(await ask.text({ message: "TTL?", initial: "2h" })).toBe("2h");
    expect(await ask.agree({ message: "Pool?", initial: false })).toBe(false);
    expect(await ask.tick({ message: "Which?", options: [{ value: "a", label: "a" }], initial: ["a"] })).toEqual(["a"]);
  });

  test("one without a default, or whose default won't do, is an error", async () => {
    const ask = askNobody();
    expect(ask.text({ message: "URL?" })).rejects.toMatchObject({ code: "NEEDS_ANSWER", exit: 2 });
    expect(ask.text({ message: "URL?", initial: "x", refuse: () => "it is no URL" })).rejects.toThrow("it is no URL");
  });
});
