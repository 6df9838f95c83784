// bun test: a database of its own for every process that runs tests, so one for "bun test", and with --parallel one for
// every worker. In bunfig.toml:
//   [test]
//   preload = ["./tools/ditto/templates/test/bun.mjs"]
// For one per test file: const copy = await useCopy(); afterAll(() => copy.remove()) at the top of the file.
import { afterAll } from "bun:test";
import { useCopy } from "./copy.mjs";

const copy = await useCopy();
afterAll(() => copy.remove(), 60_000);
