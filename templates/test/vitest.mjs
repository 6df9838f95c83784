// vitest: a database of its own for every test file. In vitest.config.js:
//   test: { setupFiles: ["./tools/ditto/templates/test/vitest.mjs"] }
// The variable is set before the test file is loaded, so that what reads it at import finds the copy.
import { afterAll } from "vitest";
import { useCopy } from "./copy.mjs";

const copy = await useCopy();
afterAll(() => copy.remove(), 60_000);
