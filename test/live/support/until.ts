/** Waits until `holds`, looking every 20 ms. Throws after `limitMs`. */
export async function until(holds: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it did not happen within ${limitMs / 1000} s: ${holds}`);
    await Bun.sleep(20);
  }
}
