// jest: a database of its own for every test file. In jest.config.mjs:
//   export default { setupFilesAfterEnv: ["./tools/ditto/templates/test/jest.mjs"] };
// jest loads ESM only when it is started with NODE_OPTIONS=--experimental-vm-modules. The variable is set before the test
// file is loaded, so that what reads it at import finds the copy.
import { useCopy } from "./copy.mjs";

const copy = await useCopy();
afterAll(() => copy.remove(), 60_000);
