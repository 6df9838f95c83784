import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { type Copy, countItems, type Ground, ITEMS, onEachGround, type Stage, testWhere } from "./support/ground.ts";

setDefaultTimeout(60_000);

/** Users that a base can bring or that its engine is known for, with passwords that they had. */
const OTHERS = {
  postgres: ["boss boss-password", "clerk clerk-password", "guest ", "postgres postgres", "postgres ", " "],
  mysql: ["root ", "root root", "mysql ", "mariadb.sys ", "mysql.sys ", " "],
};

const REFUSED = { status: expect.any(Number), stdout: "", stderr: expect.stringMatching(/password|denied|pg_hba/i) };
const ENTERED = { status: 0, stdout: "42\n" };

interface Login {
  host: string;
  port: number;
  database: string;
  user: string;
  secret: string;
}

function clientOf(ground: Ground, { host, port, database, user }: Login): string[] {
  return ground.engine === "postgres"
    ? ["psql", "-w", "-h", host, "-p", String(port), "-U", user, "-d", database, "-Atc", "SELECT 42"]
    : [
        "mariadb",
        "--connect-timeout=10",
        "-h",
        host,
        "-P",
        String(port),
        "-u",
        user,
        "-D",
        database,
        "-Ne",
        "SELECT 42",
      ];
}

function secretsOf({ secret }: Login): Record<string, string> {
  return { PGPASSWORD: secret, MYSQL_PWD: secret, PGCONNECT_TIMEOUT: "10" };
}

/** Logs in from this host. */
function enter(ground: Ground, login: Login) {
  return attempt(clientOf(ground, login), { env: secretsOf(login) });
}

/** Logs in from another container in `network`. */
function enterFrom(network: string, stage: Stage, login: Login) {
  const { ground } = stage;
  const env = secretsOf(login);
  const [, ...args] = clientOf(ground, login);
  const tool = { postgres: "psql", mysql: "mysql", mariadb: "mariadb" }[ground.server.split(":")[0] ?? ""] ?? "";
  const names = Object.keys(env).flatMap((name) => ["-e", name]);
  const image = readProvisioned().images[ground.server] ?? "";
  return attempt(
    [ground.runtime, "run", "--rm", "--network", network, ...names, "--entrypoint", tool, image, ...args],
    { env: { ...stage.env, ...env } },
  );
}

onEachGround("a copy's password", (stage) => {
  const { ground } = stage;
  const inside = ground.engine === "postgres" ? 5432 : 3306;
  let copy: Copy;
  let login: Login;

  beforeAll(async () => {
    copy = await stage.create("--name", "safe");
    const secret = decodeURIComponent(new URL(copy.connection_string).password);
    login = { host: "127.0.0.1", port: copy.port, database: String(copy.database), user: "ditto", secret };
  });

  /** The name and address that a copy has in its network. */
  const networkOf = async ({ id }: Copy) => {
    const format = "{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}}{{end}}";
    const [network = "", address = ""] = (await stage.tool("inspect", "--format", format, `ditto-${id}`)).stdout
      .trim()
      .split(" ");
    return { network, address };
  };

  test("is the only way in from this host, for every user and every database", async () => {
    expect(await enter(ground, login)).toMatchObject(ENTERED);
    const { secret } = login;
    const wrong = ["", `${secret}x`, secret.toLowerCase(), "ditto", "not-the-password"].map((guess) => [
      "ditto",
      guess,
    ]);
    const others = OTHERS[ground.engine].map((pair) => pair.split(" "));
    const databases = ground.engine === "postgres" ? [login.database, "postgres", "template1"] : [login.database];
    const tries = [...wrong, ...others, ...others.map(([user]) => [user, secret])].flatMap(([user = "", guess = ""]) =>
      databases.map((database) => ({ ...login, user, secret: guess, database })),
    );
    const outcomes = await Promise.all(tries.map((attempted) => enter(ground, attempted)));
    for (const [at, outcome] of outcomes.entries()) {
      const { user, secret: guess, database } = tries[at] ?? login;
      expect({ user, guess, database, ...outcome }).toMatchObject({ user, guess, database, ...REFUSED });
    }
    expect(await enter(ground, login)).toMatchObject(ENTERED);
  });

  testWhere(ground.engine === "postgres")("opens replication connections only to who has it", async () => {
    const target = `host=127.0.0.1 port=${copy.port} user=boss replication=true`;
    expect(await attempt(["psql", "-w", target, "-c", "IDENTIFY_SYSTEM"])).toMatchObject(REFUSED);
  });

  testWhere(ground.runtime !== "native")(
    "is asked for inside the container and from a container beside it",
    async () => {
      const near = { ...login, port: inside };
      const within = `container:ditto-${copy.id}`;
      expect(await enterFrom(within, stage, near)).toMatchObject(ENTERED);
      for (const secret of ["not-the-password", ""])
        expect(await enterFrom(within, stage, { ...near, secret })).toMatchObject(REFUSED);
      // The container's own address is open to every user of this host, whatever the port is bound to.
      const { network, address } = await networkOf(copy);
      expect(await enter(ground, { ...near, host: address, secret: "not-the-password" })).toMatchObject(REFUSED);
      expect(await enter(ground, { ...near, host: address })).toMatchObject(ENTERED);
      if (ground.runtime !== "docker") return;
      // The copies' bridge lets nobody through to another, whatever he knows.
      const { status, stderr } = await enterFrom(network, stage, { ...near, host: address });
      expect({ status, stderr }).toEqual({
        status: expect.any(Number),
        stderr: expect.stringMatching(/timed out|timeout|unreachable|\(110\)|\(4\)/i),
      });
      expect(status).not.toBe(0);
    },
  );

  testWhere(ground.runtime !== "native")("doesn't let a copy reach another copy or the world", async () => {
    const other = await stage.create();
    const { address } = await networkOf(other);
    const reaches = async (host: string, port: number) => {
      const line = ["timeout", "2", "bash", "-c", `</dev/tcp/${host}/${port}`];
      return (await stage.tool("exec", `ditto-${copy.id}`, ...line)).status === 0;
    };
    const targets = [reaches("127.0.0.1", inside), reaches(address, inside), reaches("1.1.1.1", 53)];
    expect(await Promise.all(targets)).toEqual([true, false, false]);
    await stage.copy(["delete", other.id]);
  });

  test("stays the same for the life of the copy, and is another for another", async () => {
    expect((await stage.copy(["url", "safe"])).stdout.trim()).toBe(copy.connection_string);
    const other = await stage.create();
    expect(new URL(other.connection_string).password).not.toBe(new URL(copy.connection_string).password);
    expect(await countItems(other.connection_string)).toBe(ITEMS);
    await stage.copy(["delete", other.id]);
  });
});
