import { DittoError } from "../../kit/errors.ts";
import { tableOf, withoutPasswords } from "./connections.ts";
import { terminated } from "./ddl.ts";
import type { Parts } from "./parts.ts";
import { BASE_DEFINER, rewriteDefiner } from "./rewrite.ts";
import { StatementSplitter } from "./statements.ts";

const NAME = "(?:`((?:[^`]|``)+)`|([\\w$]+))";
const USE = new RegExp(`^USE\\s+${NAME}\\s*$`, "i");
const DATABASE = new RegExp(
  `^(?:CREATE|DROP|ALTER)\\s+(?:DATABASE|SCHEMA)\\s+(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?${NAME}`,
  "i",
);
/** Bulk rows: nothing in them concerns us, and they may be long. */
const ROWS = /^(INSERT|REPLACE|UPDATE|DELETE|VALUES)\b/i;
const SYSTEM = /^(mysql|sys|information_schema|performance_schema)$/i;

/**
 * Turns an SQL file into one for the build's database while it passes: statements that make or choose a database are
 * dropped, definers become the base's, what concerns a server as a whole is left out, and so are passwords of other servers.
 */
export class FileFilter {
  /** Tables of other servers whose passwords were left out. */
  readonly disarmed: string[] = [];
  readonly #disarms: boolean;
  readonly #file: { name: string };
  readonly #splitter: StatementSplitter;
  #out: Parts = [];
  #databases = new Set<string>();
  #madeByTool = false;
  #complete = false;
  #statements = 0;

  constructor(name: string, { schemaOnly = false, disarms = true } = {}) {
    this.#disarms = disarms;
    this.#file = { name };
    this.#splitter = new StatementSplitter({
      begin: (head) => {
        this.#statements++;
        if (!ROWS.test(head)) return "hold";
        return schemaOnly ? "drop" : "pass";
      },
      pass: (bytes) => this.#out.push(bytes),
      statement: (text, delimiter) => this.#statement(text, delimiter),
      comment: (line) => this.#comment(line),
    });
  }

  /** What to feed instead of this chunk. Throws for a file of another engine. */
  push(chunk: Uint8Array): Parts {
    this.#splitter.push(chunk);
    return this.#take();
  }

  /** The rest. Throws for a file that is cut off or holds nothing. */
  end(): Parts {
    const whole = this.#splitter.end();
    if (!whole || (this.#madeByTool && !this.#complete)) throw this.#truncated();
    if (this.#statements === 0) {
      throw new DittoError(`Cannot load "${this.#file.name}": it holds no statement`, {
        code: "DUMP_EMPTY",
        hint: "Make the dump again; the previous base is untouched",
      });
    }
    return this.#take();
  }

  #take(): Parts {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #comment(line: string): void {
    if (/^-- (MySQL|MariaDB) dump /.test(line)) this.#madeByTool = true;
    else if (/^-- Dump completed/.test(line)) this.#complete = true;
    else if (/^-- PostgreSQL database/.test(line)) throw foreign(this.#file, "a dump of Postgres'");
  }

  #statement(text: string, delimiter: string): void {
    // `/*!40000 DROP DATABASE IF EXISTS …*/` and the like.
    const plain = text
      .replace(/\/\*M?!\d*\s*|\*\//g, " ")
      .replace(/\s+/g, " ")
      .trim();
    const database = USE.exec(plain) ?? DATABASE.exec(plain);
    if (database !== null) {
      this.#meet((database[1] ?? database[2] ?? "").replaceAll("``", "`"));
      return;
    }
    if (/^SET @@(GLOBAL|SESSION)\.(GTID_PURGED|SQL_LOG_BIN)\b/i.test(plain)) return;
    if (/^SET @MYSQLDUMP_TEMP_LOG_BIN\b/i.test(plain)) return;
    if (/^(PRAGMA |COPY .* FROM stdin)/i.test(plain)) throw foreign(this.#file, "of another database system");
    const bare = this.#disarms ? withoutPasswords(text) : text;
    if (bare !== text) this.disarmed.push(tableOf(bare));
    this.#out.push(terminated(rewriteDefiner(bare, BASE_DEFINER), delimiter));
  }

  #meet(name: string): void {
    this.#databases.add(name);
    const own = [...this.#databases].filter((known) => !SYSTEM.test(known));
    if (own.length < 2 && own.length === this.#databases.size) return;
    throw new DittoError(
      `Cannot load "${this.#file.name}": it holds several databases (${[...this.#databases].join(", ")})`,
      {
        code: "DUMP_SEVERAL",
        exit: 2,
        hint: "Dump the one that copies are wanted of: mysqldump --routines --events DATABASE",
      },
    );
  }

  #truncated(): DittoError {
    return new DittoError(`Cannot load "${this.#file.name}": the file is cut off`, {
      code: "DUMP_TRUNCATED",
      hint: "Make the dump again, or copy it again completely; the previous base is untouched",
    });
  }
}

/** The error for a file of another kind. */
export function foreign(file: { name: string }, what: string): DittoError {
  return new DittoError(`Cannot load "${file.name}" into MySQL or MariaDB: it is ${what}`, {
    code: "DUMP_FOREIGN",
    exit: 2,
    hint: "Name a dump of mysqldump or mariadb-dump, or an SQL file of this engine",
  });
}
