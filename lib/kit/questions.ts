import type { State } from "@clack/core";
import { type DittoError, usageError } from "./errors.ts";
import { cancelled } from "./prompt.ts";
import { promptOutput } from "./stdio.ts";

interface Question {
  message: string;
}

interface TextQuestion extends Question {
  /** What stands there to be taken or changed; also what is answered where nobody can be asked. */
  initial?: string | undefined;
  placeholder?: string;
  /** Why an answer won't do, in words. */
  refuse?(answer: string): string | undefined;
}

export interface Option<T extends string = string> {
  value: T;
  label: string;
  hint?: string;
}

/** Somebody who answers questions. All of them throw `CANCELLED` (exit 130) on Ctrl-C and Escape. */
export interface Asker {
  text(question: TextQuestion): Promise<string>;
  /** Text that is not shown while it is typed; may be empty. */
  hidden(question: Question): Promise<string>;
  /** A URL, in which whatever may be a password is not shown. */
  address(question: TextQuestion): Promise<string>;
  choose<T extends string>(question: Question & { options: Option<T>[]; initial: T }): Promise<T>;
  tick(question: Question & { options: Option[]; initial: string[] }): Promise<string[]>;
  agree(question: Question & { initial: boolean }): Promise<boolean>;
}

/** Asks on the terminal. */
export async function askTerminal(): Promise<Asker> {
  const clack = await import("@clack/prompts");
  const output = promptOutput();
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    // The prompt has the terminal in raw mode: Ctrl-C comes as a key, not as a signal.
    if (clack.isCancel(answer)) throw cancelled(130);
    return answer as Exclude<T, symbol>;
  };
  const validated = ({ refuse, initial, ...question }: TextQuestion) => ({
    ...question,
    ...(initial === undefined ? {} : { initialValue: initial }),
    validate: (answer: string | undefined) => refuse?.((answer ?? "").trim()),
    output,
  });
  return {
    text: async (question) => answered(await clack.text(validated(question))).trim(),
    hidden: async (question) => answered(await clack.password({ ...question, output })) ?? "",
    address: async (question) => answered(await addressPrompt(question)).trim(),
    choose: async ({ initial, options, message }) =>
      answered(await clack.select({ message, initialValue: initial as string, options, output })) as never,
    tick: async (question) => answered(await tickPrompt(question)),
    agree: async ({ initial, message }) => answered(await clack.confirm({ message, initialValue: initial, output })),
  };
}

/** Answers everything with what stands there; throws `NEEDS_ANSWER` for what has no answer. */
export function askNobody(): Asker {
  const initialOf = async ({ message, initial, refuse }: TextQuestion) => {
    if (initial === undefined) throw unanswered(message);
    const why = refuse?.(initial);
    if (why !== undefined) throw usageError(`Cannot take "${initial}" for "${message}": ${why}`);
    return initial;
  };
  return {
    text: initialOf,
    hidden: async () => "",
    address: initialOf,
    choose: async ({ initial }) => initial,
    tick: async ({ initial }) => initial,
    agree: async ({ initial }) => initial,
  };
}

function unanswered(message: string): DittoError {
  return usageError(
    `Cannot go on without an answer: ${message}`,
    "Say it with a flag; --help lists them",
    "NEEDS_ANSWER",
  );
}

async function addressPrompt({ message, placeholder = "", initial, refuse }: TextQuestion) {
  const [{ TextPrompt }, { S_BAR, S_BAR_END, symbol }, { styleText }] = await Promise.all([
    import("@clack/core"),
    import("@clack/prompts"),
    import("node:util"),
  ]);
  const prompt = new TextPrompt({
    ...(initial === undefined ? {} : { initialValue: initial }),
    placeholder,
    output: promptOutput(),
    validate: (answer) => refuse?.((answer ?? "").trim()),
    render() {
      const shown = concealPassword(this.userInput);
      const title = `${styleText("gray", S_BAR)}\n${symbol(this.state as State)}  ${message}`;
      if (this.state === "submit" || this.state === "cancel")
        return `${title}\n${styleText("gray", S_BAR)}  ${styleText("dim", shown)}`;
      const colour = this.state === "error" ? "yellow" : "cyan";
      const typed = shown === "" ? styleText("dim", placeholder) : withCursor(shown, this.cursor, styleText);
      const end = [styleText(colour, S_BAR_END), styleText("yellow", this.error)].filter(Boolean).join("  ");
      return `${title}\n${styleText(colour, S_BAR)}  ${typed}\n${end}\n`;
    },
  });
  return (await prompt.prompt()) ?? "";
}

/** As clack's own, whose cursor is a shade of grey only: where there are no colours, one would tick in the dark. */
async function tickPrompt({ message, options, initial }: Question & { options: Option[]; initial: string[] }) {
  const [{ MultiSelectPrompt }, clack, { styleText }] = await Promise.all([
    import("@clack/core"),
    import("@clack/prompts"),
    import("node:util"),
  ]);
  const output = promptOutput();
  const { S_BAR, S_CHECKBOX_INACTIVE, S_CHECKBOX_SELECTED } = clack;
  const prompt = new MultiSelectPrompt<Option>({
    options,
    initialValues: initial,
    required: false,
    output,
    render() {
      const ticked = this.value ?? [];
      const title = `${styleText("gray", S_BAR)}\n${clack.symbol(this.state as State)}  ${message}`;
      if (this.state === "submit" || this.state === "cancel")
        return `${title}\n${styleText("gray", S_BAR)}  ${styleText("dim", `${ticked.length} of ${options.length}`)}`;
      const row = ({ value, label }: Option, active: boolean) => {
        const box = ticked.includes(value) ? styleText("green", S_CHECKBOX_SELECTED) : S_CHECKBOX_INACTIVE;
        return `${active ? styleText("cyan", ">") : " "} ${box} ${active ? label : styleText("dim", label)}`;
      };
      const bar = `${styleText("cyan", S_BAR)}  `;
      const foot = clack.formatInstructionFooter(output, clack.MULTISELECT_INSTRUCTIONS, true);
      const rows = clack.limitOptions({
        ...{ output, options, cursor: this.cursor, style: row, columnPadding: 3 },
        rowPadding: title.split("\n").length + foot.length + 1,
      });
      return [title, ...rows.map((line) => bar + line), ...foot, ""].join("\n");
    },
  });
  return (await prompt.prompt()) ?? [];
}

function withCursor(text: string, at: number, style: (format: "inverse", text: string) => string): string {
  return `${text.slice(0, at)}${style("inverse", text.slice(at, at + 1) || " ")}${text.slice(at + 1)}`;
}

/**
 * A URL as it may be shown while it is typed, as long as the text itself: from the colon behind a user on, everything may be a password
 * until its end is known, and a parameter of that name is one.
 */
export function concealPassword(text: string): string {
  const login = /^(?:jdbc:)?[a-z0-9+]*:\/\/[^@/:?]*:/i.exec(text) ?? /^(?!jdbc:)[^@/:?]*:(?!\/)/i.exec(text);
  const parameter = /[?&;](?:password|pwd|pass|sslpassword)=/i.exec(text);
  const from = Math.min(
    login === null ? text.length : login[0].length,
    parameter === null ? text.length : parameter.index + parameter[0].length,
  );
  return text.slice(0, from) + "•".repeat(text.length - from);
}
