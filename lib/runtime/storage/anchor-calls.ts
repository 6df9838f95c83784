import type { Child } from "../../kit/exec.ts";
import { anchorArguments, inAnchor, needsRepair } from "./pool-anchor.ts";
import type { Cli, CliResult } from "./pool-cli.ts";
import { poolError } from "./pool-errors.ts";
import type { PoolNames } from "./pool-names.ts";

/** The two ways to run a script in an anchor; `action` is for the error. An anchor that is gone is repaired once. */
export interface AnchorCalls {
  exec(action: string, script: string, args: string[], input?: string): Promise<string>;
  /** Starts a script that is talked with; resolves when it has said `greeting`. */
  talk(action: string, script: string, args: string[], greeting: string): Promise<Talk>;
}

/** A script that says how far it is, a line each, and waits to be told. */
export interface Talk {
  /** Resolves to false when the script ended without saying this line. */
  hear(line: string): Promise<boolean>;
  tell(text: string): Promise<void>;
  /** Waits for its end; stdout is what it said after the last line that was heard. */
  end(): Promise<CliResult>;
}

interface Anchor {
  mountpoint(): string;
  /** False when it can't. */
  repair(): Promise<boolean>;
}

export function anchorCalls(cli: Cli, names: PoolNames, { mountpoint, repair }: Anchor): AnchorCalls {
  return {
    async exec(action, script, args, input) {
      const once = () => inAnchor(cli, names, script, [mountpoint(), ...args], input);
      let result = await once();
      if (needsRepair(result) && (await repair())) result = await once();
      if (result.status !== 0) throw poolError(action, result);
      return result.stdout;
    },
    async talk(action, script, args, greeting) {
      for (let turn = 1; ; turn++) {
        const talk = talkWith(cli.start(anchorArguments(names, script, [mountpoint(), ...args], true)));
        if (await talk.hear(greeting)) return talk;
        const ended = await talk.end();
        if (turn === 2 || !needsRepair(ended) || !(await repair())) throw poolError(action, ended);
      }
    },
  };
}

function talkWith(child: Child): Talk {
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let unheard = "";
  const more = async () => {
    const { value } = await reader.read();
    unheard += decoder.decode(value, { stream: true });
    return value !== undefined;
  };
  return {
    async hear(line) {
      const mark = `${line}\n`;
      while (!unheard.includes(mark)) if (!(await more())) return false;
      unheard = unheard.slice(unheard.indexOf(mark) + mark.length);
      return true;
    },
    tell: (text) => child.stdin.write(text),
    async end() {
      await child.stdin.end();
      while (await more());
      return { ...(await child.done), stdout: unheard };
    },
  };
}
