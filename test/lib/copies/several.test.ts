import { expect, test } from "bun:test";
import type { CopyRecord } from "../../../lib/copies/record.ts";
import { doToEach, severalFailed } from "../../../lib/copies/several.ts";
import { DittoError } from "../../../lib/kit/errors.ts";

const copies = ["one", "two", "three"].map((name) => ({ id: `01${name}`, name }) as CopyRecord);
const gone = ({ name }: CopyRecord) =>
  new DittoError(`Cannot start copy "${name}": its data is gone`, { code: "COPY_LOST", hint: "Reset it" });

test("a failure keeps no other copy from its end, and the error names all that failed", async () => {
  const ended: string[] = [];
  const { done, failed } = await doToEach(copies, async (copy) => {
    if (copy.name !== "two") throw gone(copy);
    await Bun.sleep(20);
    ended.push(copy.name);
    return { ...copy, status: "stopped" };
  });
  expect(ended).toEqual(["two"]);
  expect(done).toMatchObject([{ name: "two", status: "stopped" }]);
  expect(severalFailed("start", failed)).toMatchObject({
    ...{ message: 'Cannot start "one", "three": its data is gone', code: "COPY_LOST", hint: "Reset it", exit: 1 },
  });
});

test("one that failed has its own error, as long as that names it", async () => {
  const of = async (cause: Error) => {
    const { failed } = await doToEach(copies.slice(0, 1), () => Promise.reject(cause));
    return severalFailed("start", failed) as Error;
  };
  expect((await of(gone(copies[0] as CopyRecord))).message).toBe('Cannot start copy "one": its data is gone');
  const silent = new DittoError("Cannot reach docker: it does not answer", { code: "RUNTIME_DOWN" });
  expect((await of(silent)).message).toBe('Cannot start "one": it does not answer');
  expect(await of(new TypeError("nobody expected this"))).toBeInstanceOf(TypeError);
});
