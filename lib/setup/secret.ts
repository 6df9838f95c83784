import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";
import type { Asker } from "../kit/questions.ts";
import { resolveSecret } from "../kit/secrets.ts";
import { homePath } from "../kit/state.ts";

/** Where a password will be found from now on. */
export interface KeptSecret {
  /** What `password_secret` says; "" when the configuration holds the password itself. */
  reference: string;
  /** What stands in the configuration. */
  password: string;
  /** A file to be written, readable by this user only. */
  file?: { path: string; content: string };
  /** What is left to do, in words; "" when nothing. */
  todo: string;
}

/** The file of the state folder that a password goes to. */
export function ownSecretFile(project: string, sourceName: string): string {
  return homePath("secrets", `${sourceName === "default" ? project : `${project}.${sourceName}`}.password`);
}

/** A file of its own in the state folder: what is kept when nobody is asked. */
export function inOwnFile(password: string, path: string): KeptSecret {
  return { reference: `file:${fromHome(path)}`, password: "", file: { path, content: `${password}\n` }, todo: "" };
}

/** As everybody's configuration can say it. */
function fromHome(path: string): string {
  const home = homedir();
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** Asks how a password is to be kept; nothing is written yet. */
export async function askSecret(ask: Asker, password: string, ownFile: string): Promise<KeptSecret> {
  const way = await ask.choose({
    message: "Where is the password to be kept?",
    options: [
      { value: "file", label: "in a file that only you can read", hint: "file:" },
      { value: "env", label: "in an environment variable, which you set", hint: "env:" },
      { value: "cmd", label: "where a command finds it: pass, op, vault …", hint: "cmd:" },
      { value: "here", label: "in ditto.yaml itself, readable by you only" },
    ],
    initial: "file",
  });
  if (way === "here") return { reference: "", password, todo: "Keep ditto.yaml out of git: it holds the password" };
  if (way === "file") return inOwnFile(password, await askFile(ask, ownFile));
  if (way === "env") return inVariable(ask, password);
  return byCommand(ask, password);
}

async function askFile(ask: Asker, ownFile: string): Promise<string> {
  const path = await ask.text({
    message: "Which file?",
    initial: ownFile,
    refuse: (answer) => {
      if (answer === "") return "name a file";
      // Our own is ours to replace.
      return answer !== ownFile && existsSync(resolve(answer)) ? "there is a file of this name already" : undefined;
    },
  });
  return resolve(path);
}

async function inVariable(ask: Asker, password: string): Promise<KeptSecret> {
  const name = await ask.text({
    message: "Which variable?",
    initial: "DB_PASSWORD",
    refuse: (answer) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(answer) ? undefined : "that is no name of a variable"),
  });
  const isSet = process.env[name] === password;
  // For the rest of this run, whatever the shell will say later.
  process.env[name] = password;
  return { reference: `env:${name}`, password: "", todo: isSet ? "" : `Set ${name} to the password in your shell` };
}

async function byCommand(ask: Asker, password: string): Promise<KeptSecret> {
  for (let command = ""; ; ) {
    command = await ask.text({
      message: "Which command prints it?",
      initial: command || undefined,
      placeholder: "pass show db/ditto_dump",
      refuse: (answer) => (answer === "" ? "write a command" : undefined),
    });
    const why = await whyNot(command, password);
    if (why === "") return { reference: `cmd:${command}`, password: "", todo: "" };
    const anyway = await ask.agree({ message: `${why}. Keep this command all the same?`, initial: false });
    if (anyway) return { reference: `cmd:${command}`, password: "", todo: "" };
  }
}

async function whyNot(command: string, password: string): Promise<string> {
  try {
    return (await resolveSecret(`cmd:${command}`)) === password ? "" : "It prints something else than the password";
  } catch (error) {
    if (!(error instanceof DittoError)) throw error;
    return messageOf(error);
  }
}
