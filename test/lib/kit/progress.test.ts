import { afterEach, expect, test } from "bun:test";
import { runCleanups } from "../../../lib/kit/cleanup.ts";
import { cut, type Screen, steps } from "../../../lib/kit/progress.ts";

const MB = 1024 ** 2;

function screenOf(options: Partial<Screen> = {}) {
  const seen = { text: "", time: 0, columns: 60 };
  const screen: Screen = {
    write: (text) => {
      seen.text += text;
    },
    live: false,
    paint: { green: String, red: String },
    width: () => seen.columns,
    now: () => seen.time,
    ...options,
  };
  return { seen, screen };
}

/** What a terminal of so many columns shows after all that was written. */
function shown(text: string, columns: number): string[] {
  const rows: string[] = [""];
  let row = 0;
  for (const [token] of text.matchAll(/\x1b\[[?\d]*[A-Za-z]|\r|\n|[^\x1b\r\n]+/g)) {
    if (token === "\n") rows[++row] ??= "";
    else if (token === "\x1b[2K") rows[row] = "";
    else if (token === "\x1b[1A") row = Math.max(0, row - 1);
    else if (!token.startsWith("\x1b") && token !== "\r") {
      for (const sign of token) {
        if (Bun.stringWidth((rows[row] ?? "") + sign) > columns) rows[++row] = "";
        rows[row] += sign;
      }
    }
  }
  return rows.map((line) => line.trimEnd()).filter((line) => line !== "");
}

afterEach(() => runCleanups());

test("without a terminal a step is a line at its start and one at its end", () => {
  const { seen, screen } = screenOf();
  const step = steps(2, screen).step("Dump", { total: 100 * MB });
  seen.time = 2000;
  step.update({ bytes: 50 * MB });
  step.done("12 tables");
  expect(seen.text).toBe("1/2 Dump\n✓ 1/2 Dump  2 s · 50.0 MB · 25.0 MB/s · 12 tables\n");
});

test("and one every 10 s in between, with what is left", () => {
  const { seen, screen } = screenOf();
  const step = steps(undefined, screen).step("Dump", { total: 100 * MB });
  for (seen.time = 0; seen.time <= 20_000; seen.time += 100)
    step.update({ bytes: (seen.time / 1000) * MB, note: "orders" });
  expect(seen.text.split("\n").slice(1, -1)).toEqual([
    "  Dump  10.0 MB of 100 MB · 1.00 MB/s · 1 min 30 s left · orders",
    "  Dump  20.0 MB of 100 MB · 1.00 MB/s · 1 min 20 s left · orders",
  ]);
});

test("a step ends once, and a failed one says so", () => {
  const { seen, screen } = screenOf();
  const step = steps(1, screen).step("Restore");
  step.fail();
  step.done();
  step.update({ bytes: 1 });
  expect(seen.text).toBe("1/1 Restore\n✗ 1/1 Restore  0 ms\n");
});

test("on a terminal only the ended lines remain, and the cursor comes back", () => {
  const { seen, screen } = screenOf({ live: true });
  const progress = steps(2, screen);
  const first = progress.step("Dump");
  const second = progress.step("Restore");
  first.update({ bytes: 5 * MB });
  expect(shown(seen.text, 60)).toEqual(["• 1/2 Dump  0 ms", "• 2/2 Restore  0 ms"]);
  first.done();
  expect(shown(seen.text, 60)).toEqual(["✓ 1/2 Dump  0 ms · 5.00 MB", "• 2/2 Restore  0 ms"]);
  second.done();
  expect(shown(seen.text, 60)).toEqual(["✓ 1/2 Dump  0 ms · 5.00 MB", "✓ 2/2 Restore  0 ms"]);
  expect(seen.text.lastIndexOf("\x1b[?25h")).toBeGreaterThan(seen.text.lastIndexOf("\x1b[?25l"));
});

test("a live line never wraps, and is erased as a whole after the terminal became narrower", () => {
  const { seen, screen } = screenOf({ live: true });
  const progress = steps(undefined, screen);
  const step = progress.step("数据库 ".repeat(20));
  expect(shown(seen.text, 60)).toHaveLength(1);
  seen.columns = 20;
  const before = seen.text.length;
  step.done();
  // Three rows now, so two have to be climbed.
  expect(seen.text.slice(before).split("\x1b[1A").length - 1).toBe(2);
});

test("a signal brings the cursor back", async () => {
  const { seen, screen } = screenOf({ live: true });
  steps(1, screen).step("Dump");
  await runCleanups();
  expect(seen.text).toEndWith("\x1b[?25h");
});

test("a text is cut between whole signs", () => {
  expect(cut("abcdef", 6)).toBe("abcdef");
  expect(cut("abcdef", 5)).toBe("abcd…");
  expect(cut("数据库数据库", 5)).toBe("数据…");
  expect(cut("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 5)).toBe("👩‍👩‍👧‍👦👩‍👩‍👧‍👦…");
});
