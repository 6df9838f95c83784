import { randomBytes } from "node:crypto";
import type { ToolCommand } from "../engine/index.ts";
import type { Toolbox } from "../runtime/index.ts";

/** A client that stays and answers one question after the other. */
export interface Conversation {
  /** What the client prints for these statements, without the last newline. Throws what `failure` makes of its errors. */
  ask(statements: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts a client with the first question: a process in a container takes a tenth of a second, whatever it then does.
 * It must print bare rows as soon as it has them, and end with the first error.
 */
export function converse(toolbox: Toolbox, client: ToolCommand, failure: (errors: string) => Error): Conversation {
  const open = async () => {
    const child = await toolbox.start(client, { input: "data" });
    return { child, answers: child.stdout.getReader(), decoder: new TextDecoder() };
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    async ask(statements) {
      opened ??= open();
      const { child, answers, decoder } = await opened;
      const end = `end of answer ${randomBytes(8).toString("hex")}`;
      await child.stdin.write(`${statements};\nSELECT '${end}';\n`);
      const said: string[] = [];
      for (let tail = ""; !tail.endsWith(`${end}\n`); ) {
        const { done, value } = await answers.read();
        if (done) throw failure((await child.done).stderr);
        said.push(decoder.decode(value, { stream: true }));
        tail = (tail + said.at(-1)).slice(-end.length - 1);
      }
      return said
        .join("")
        .slice(0, -end.length - 1)
        .replace(/\n$/, "");
    },
    async close() {
      if (!opened) return;
      const { child } = await opened;
      await child.stdin.end();
      await child.done;
    },
  };
}
