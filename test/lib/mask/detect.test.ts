import { describe, expect, test } from "bun:test";
import { type ColumnFacts, detectColumn } from "../../../lib/mask/detect.ts";
import { kindOf } from "../../../lib/mask/kind.ts";
import { misfitOf } from "../../../lib/mask/misfit.ts";

type Samples = (string | null)[];

/** `table.column type`, with samples where the values matter. */
function detect(written: string, samples: Samples = [], more: Partial<ColumnFacts> = {}) {
  const [, table = "", column = "", type = ""] = /^(\w+)\.(\S+) (.*)$/.exec(written) ?? [];
  return detectColumn({ engine: "postgres", schema: "public", table, column, type, ...more }, samples);
}

describe("by its name", () => {
  test.each([
    // German, a shop.
    ["kunden.vorname text", "first_name"],
    ["kunden.Nachname varchar(80)", "last_name"],
    ["kunden.kundenname text", "name"],
    ["kunden.eMailAdresse text", "email"],
    ["kunden.geburtsdatum date", "birth date"],
    ["kunden.telefonnummer text", "phone"],
    ["kunden.straße text", "address"],
    ["kunden.hausnummer varchar(10)", "address"],
    ["kunden.plz varchar(5)", "place"],
    ["kunden.wohnort text", "place"],
    ["kunden.steuer_id text", "identity number"],
    ["bestellungen.lieferadresse text", "address"],
    ["bestellungen.bemerkung text", "free text"],
    ["konten.kontonummer text", "bank account"],
    ["mitarbeiter.gehalt numeric(10,2)", "sensitive"],
    ["mitarbeiter.kennwort text", "password"],
    // French, a clinic.
    ["patients.nom text", "name"],
    ["patients.prénom text", "first_name"],
    ["patients.date_de_naissance date", "birth date"],
    ["patients.numero_securite_sociale char(15)", "identity number"],
    ["patients.groupe_sanguin text", "sensitive"],
    ["patients.code_postal text", "place"],
    ["patients.courriel text", "email"],
    ["patients.medecin_traitant_nom text", "name"],
    ["consultations.diagnostic text", "sensitive"],
    // Spanish, Italian, Dutch, Portuguese.
    ["clientes.apellidos text", "last_name"],
    ["clientes.fecha_nacimiento date", "birth date"],
    ["clientes.correo_electronico text", "email"],
    ["clientes.dirección text", "address"],
    ["clienti.codice_fiscale char(16)", "identity number"],
    ["clienti.cognome text", "last_name"],
    ["klanten.achternaam text", "last_name"],
    ["klanten.geboortedatum date", "birth date"],
    ["klanten.bsn char(9)", "identity number"],
    ["clientes.senha text", "password"],
    ["pessoas.cpf char(14)", "identity number"],
    // English spellings.
    ["users.fname text", "first_name"],
    ["users.lastName text", "last_name"],
    ["users.firstname text", "first_name"],
    ["users.DOB date", "birth date"],
    ["users.dateofbirth date", "birth date"],
    ["users.HomePhoneNumber text", "phone"],
    ["users.mobile_no text", "phone"],
    ["users.last_login_ip text", "ip"],
    ["users.ipaddress text", "ip"],
    ["users.ssn text", "identity number"],
    ["users.api_key text", "secret"],
    ["users.password_digest text", "password"],
    ["users.created_by text", "username"],
    ["orders.customer_name text", "name"],
    ["orders.billing_address_line1 text", "address"],
    ["orders.cc_number bigint", "card"],
    ["t_17.IBAN varchar(34)", "iban"],
  ])("%s is personal: %s", (written, what) => {
    const found = detect(written);
    expect(found?.what).toBe(what as never);
    expect(found?.why).toBe("its name");
  });

  test.each([
    ["products.name text"],
    ["countries.name text"],
    ["categories.name text"],
    ["user_roles.name text"],
    ["orders.product_name text"],
    ["artikel.bezeichnung text"],
    ["users.email_verified_at timestamp with time zone"],
    ["users.is_email_confirmed boolean"],
    ["users.has_phone integer"],
    ["users.address_id bigint"],
    ["users.phone_type text"],
    ["files.file_name text"],
    ["servers.hostname text"],
    ["orders.token_count integer"],
    ["orders.status text"],
    ["orders.created_at timestamp"],
    ["products.description text"],
    ["products.weight numeric(6,2)"],
    ["employees.hire_date date"],
    ["stores.city_id integer"],
    ["users.id uuid"],
    ["events.date date"],
    ["cities.city text"],
    ["kunden_typen.name text"],
    ["machines.ip_port integer"],
    ["invoices.iban_country text"],
    ["countries.country text"],
  ])("%s is not", (written) => {
    expect(detect(written)).toBeUndefined();
  });

  test("a warehouse has an address, and a name that is nobody's", () => {
    const columns = ["id", "name", "address", "zip"];
    expect(detect("warehouses.name text", [], { columns })).toBeUndefined();
    expect(detect("warehouses.address text", [], { columns })?.what).toBe("address");
    expect(detect("orders.ship_name text")?.what).toBe("name");
  });

  test("beside a first name, a name is the last name", () => {
    expect(detect("patients.nom text", [], { columns: ["nom", "prenom"] })?.what).toBe("last_name");
  });

  test("a name in a table of unknown purpose counts when the other columns are about people", () => {
    const columns = ["id", "name", "email", "phone"];
    expect(detect("tbl17.name text")).toBeUndefined();
    expect(detect("tbl17.name text", [], { columns })?.what).toBe("name");
    expect(detect("suppliers_products.name text", [], { columns: ["id", "name", "price"] })).toBeUndefined();
  });
});

const times = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));

describe("by its values, whatever its name", () => {
  test.each([
    ["email", "c1 text", ["ana@lopez.es", "jo.b+x@uni-köln.de", null, "B_2@mail.example.org"]],
    ["phone", "c1 text", ["+49 30 9018 2275", "(030) 123456", "555-123-4567", "06 12 34 56 78"]],
    ["iban", "c1 text", ["DE89370400440532013000", "FR14 2004 1010 0505 0001 3M02 606"]],
    ["card", "c1 text", ["4539578763621486", "5425 2334 3010 9903"]],
    ["card", "c1 bigint", ["4539578763621486", "5425233430109903"]],
    ["identity number", "c1 text", ["536-90-4399", "219-09-9998"]],
    ["identity number", "c1 text", ["12345678Z", "X1234567L"]],
    ["identity number", "c1 text", ["RSSMRA85T10A562S", "VRDGPP13R10B293P"]],
    ["identity number", "c1 text", ["1 85 05 78 006 084 91", "185057800608491"]],
    ["ip", "c1 text", ["81.2.69.142", "2a02:908:1::7", "10.0.0.4"]],
    ["address", "c1 text", ["Obere Str. 57", "12 rue des Bouchers", "1900 Oak St.", "Calle Mayor 3"]],
    ["name", "c1 text", ["Maria Anders", "THOMAS HARDY", "Jürgen Wolf", "Moreno, Antonio", "José Pedro Freyre"]],
    ["secret", "c1 text", ["$2b$12$KIXQ0Q6uY2m0E9hYk3y1Uu", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"]],
    ["secret", "c1 text", ["q7XoP2vLm9Rz4TbK8sWd", "Zk3Jf8Lq1Vn6Yx0Hc5Ue"]],
    ["free text", "c1 text", times(4, (at) => `She called again about invoice ${at} and was rather angry with us`)],
    ["email", "c1 text[]", ['{ana@lopez.es,"jo@uni.de"}', "{}", "{NULL}"]],
    ["opaque", "c1 text", ["(1,Ana,f)", '(2,"Jo B",t)']],
  ] as const)("%s: %s", (what, written, samples) => {
    expect(detect(`t.${written}`, [...samples])?.what).toBe(what);
  });

  test.each([
    ["UUIDs", "text", times(20, () => crypto.randomUUID())],
    ["codes", "text", times(20, (at) => `AB-${1000 + at}-X`)],
    ["dates", "text", times(20, (at) => `2024-01-${10 + at}`)],
    ["times of day", "text", times(20, (at) => `12:${10 + at}:00`)],
    ["bare digits", "text", times(20, (at) => `${14_033_335_568 + at}`)],
    ["16 digits without a check digit", "bigint", times(20, (at) => `${4_539_578_763_600_000 + at * 10}`)],
    ["amounts", "text", times(20, (at) => `1.234,${at + 10} €`)],
    ["titles", "text", times(20, (at) => `The Return of the ${at}th Wave`)],
    ["cities", "text", ["Berlin", "Paris", "San José", "London", "Charlotte", "Wien", "Roma", "Lyon", "Graz"]],
    ["paths", "text", times(20, (at) => `images/2024/06/header-${at}.png`)],
    ["class names", "text", times(20, (at) => `MyVeryLongClassName${at}FactoryBean2`)],
    ["versions", "text", ["1.2.3", "10.4.11", "2.0.0-rc1"]],
    ["nothing but NULL", "text", [null, null]],
  ] as const)("%s are nobody's", (_, type, samples) => {
    expect(detect(`t.c1 ${type}`, [...samples])).toBeUndefined();
  });

  test("one e-mail address among other text is enough", () => {
    const samples = [...times(99, (at) => `Row ${at}`), "Ask ana@lopez.es"];
    expect(detect("t.c1 text", samples)).toMatchObject({
      what: "free text",
      why: "1 of 100 sampled values hold an e-mail address",
    });
  });

  test("digests are secrets, unless they are of files", () => {
    const digests = times(9, (at) => new Bun.CryptoHasher("sha1").update(`${at}`).digest("hex"));
    expect(detect("t.c1 text", digests)?.what).toBe("secret");
    expect(detect("t.file_sha1 text", digests)).toBeUndefined();
  });

  test("dates that spread over a generation are births where the table is about people", () => {
    const dates = times(40, (at) => `${1940 + at}-03-0${(at % 9) + 1}`);
    expect(detect("patients.d1 date", dates)?.what).toBe("birth date");
    expect(detect("t.d1 date", dates)).toBeUndefined();
    expect(detect("employees.hire_date date", dates)).toBeUndefined();
    expect(
      detect(
        "patients.d1 date",
        times(40, (at) => `20${10 + (at % 9)}-01-01`),
      ),
    ).toBeUndefined();
  });

  test("what most values are is believed before the name", () => {
    expect(detect("users.login text", ["ana@lopez.es", "jo@uni.de"])).toMatchObject({
      what: "email",
      why: "its name, and 2 of 2 sampled values have the form of an e-mail address",
    });
  });
});

describe("by its type", () => {
  test.each(["bytea", "xml", "public.hstore", "tsvector", "longblob", "varbinary(16)", "jsonb", "json"])(
    "%s counts as personal until a rule names it",
    (type) => {
      expect(detect(`t.c1 ${type}`)?.what).toBe("opaque");
    },
  );

  test("history tables' row images count too", () => {
    expect(detect("audit_log.old_row text")?.what).toBe("opaque");
    expect(detect("orders_history.changes text")?.what).toBe("opaque");
    expect(detect("orders.changes text")).toBeUndefined();
  });

  test("an address of the network is one by its type", () => {
    expect(detect("t.c1 inet")?.what).toBe("ip");
    expect(detect("t.c1 macaddr")?.what).toBe("device");
  });

  test("a domain and an enum are what they stand for", () => {
    expect(detect("t.c1 public.mail", ["ana@lopez.es"], { baseType: "character varying(80)" })?.suggest).toEqual([
      { strategy: "replace", type: "email" },
    ]);
    expect(detect("people.gender public.g", [], { labels: ["f", "m", "x"] })?.suggest).toEqual([
      { strategy: "redact", with: "f" },
    ]);
  });
});

describe("JSON", () => {
  test("is judged by path: the names of its keys, and their values", () => {
    const samples = times(30, (at) =>
      JSON.stringify({
        id: at,
        contact: { email: `u${at}@lopez.es`, first_name: "Ana", tags: ["a"] },
        items: [{ sku: "A-1", name: "Cup", gift_for: `x${at}@lopez.es` }],
        customer: { name: "Jo", age: 33 },
        product: { name: "Cup" },
      }),
    );
    expect(detect("orders.payload jsonb", samples)).toMatchObject({
      what: "opaque",
      why: "JSON whose paths contact.email, contact.first_name, items[*].gift_for, customer.name, customer.age look personal",
      suggest: [
        { strategy: "replace", type: "email", path: "contact.email" },
        { strategy: "replace", type: "first_name", path: "contact.first_name" },
        { strategy: "replace", type: "email", path: "items[*].gift_for" },
        { strategy: "replace", type: "name", path: "customer.name" },
        { strategy: "nullify", path: "customer.age" },
      ],
    });
  });

  test("without personal keys it is named as a whole", () => {
    const samples = ['{"a":1}', '{"b":[true]}'];
    expect(detect("t.c jsonb", samples, { nullable: true })?.suggest).toEqual([{ strategy: "nullify" }]);
    expect(detect("t.c jsonb", samples)?.suggest).toEqual([{ strategy: "redact", with: "{}" }]);
  });

  test("keys that are data are never said", () => {
    const byEmail = times(3, (at) => JSON.stringify({ [`u${at}@lopez.es`]: { email: "x@y.de" } }));
    const byName = [JSON.stringify(Object.fromEntries(times(60, (at) => [`Ana${at}`, { email: "x@y.de" }])))];
    for (const samples of [byEmail, byName]) {
      const found = detect("t.c jsonb", samples);
      expect(found?.suggest).toEqual([{ strategy: "redact", with: "{}" }]);
      expect(JSON.stringify(found)).not.toMatch(/lopez|Ana/);
    }
  });

  test("in a text column it is found by its values", () => {
    const samples = times(5, (at) => JSON.stringify({ email: `u${at}@lopez.es` }));
    expect(detect("t.c longtext", samples, { engine: "mysql" })?.suggest).toEqual([
      { strategy: "replace", type: "email", path: "email" },
    ]);
  });
});

test("what is suggested fits: any kind of find in any type, nullable or not, unique or not", () => {
  const names = [
    "email",
    "phone",
    "first_name",
    "full_name",
    "username",
    "address",
    "plz",
    "iban",
    "ssn",
    "gender",
    "password",
  ];
  names.push("api_key", "notes", "birth_date", "last_login_ip", "card_number", "avatar_url", "salary", "latitude");
  const types = {
    postgres: [
      "text",
      "character varying(80)",
      "character varying(10)",
      "character(2)",
      "citext",
      "integer",
      "bigint",
      "numeric(12,2)",
    ],
    mysql: [
      "varchar(255)",
      "char(11)",
      "longtext",
      "int unsigned",
      "bigint",
      "double",
      "enum('a','b')",
      "set('a','b')",
    ],
  };
  types.postgres.push(
    "date",
    "timestamp with time zone",
    "inet",
    "uuid",
    "jsonb",
    "bytea",
    "text[]",
    "xml",
    "tsvector",
  );
  types.mysql.push("date", "datetime(6)", "json", "varbinary(64)", "blob");
  const misfits: string[] = [];
  let seen = 0;
  for (const engine of ["postgres", "mysql"] as const) {
    for (const [name, type, nullable] of names.flatMap((name) =>
      types[engine].flatMap((type) => [true, false].map((nullable) => [name, type, nullable] as const)),
    )) {
      for (const { suggest } of [detect(`users.${name} ${type}`, [], { engine, nullable }) ?? []].flat()) {
        seen++;
        for (const suggestion of suggest) {
          const rule = { table: "users", column: name, ...suggestion };
          const misfit = misfitOf({ engine, kind: kindOf(engine, { type }), unique: false, rule });
          if (misfit !== undefined) misfits.push(`${name} ${type}: ${JSON.stringify(suggestion)}: ${misfit}`);
          if (suggestion.strategy === "nullify" && !nullable) misfits.push(`${name} ${type}: nullify`);
        }
      }
    }
  }
  expect(misfits).toEqual([]);
  expect(seen).toBeGreaterThan(300);
});

test("what is suggested for a unique column keeps it unique, where anything can", () => {
  const suggestions = (written: string) => detect(written, [], { unique: true })?.suggest;
  expect(suggestions("users.email text")).toEqual([{ strategy: "replace", type: "email" }]);
  expect(suggestions("users.phone text")).toEqual([{ strategy: "replace", type: "phone", unique: "suffix" }]);
  expect(suggestions("users.ssn character varying(20)")).toEqual([{ strategy: "hash" }]);
  expect(suggestions("users.phone bigint")).toEqual([
    { strategy: "replace", type: "number", range: [1, Number.MAX_SAFE_INTEGER] },
  ]);
});

test("a place on the map that may not be NULL becomes a point that its engine takes", () => {
  const suggestion = (engine: "postgres" | "mysql") =>
    detect("addresses.location geometry", [], { engine })?.suggest[0];
  expect(suggestion("postgres")).toEqual({ strategy: "redact", with: "POINT(0 0)" });
  expect(Buffer.from(suggestion("mysql")?.with ?? "", "latin1").toString("hex")).toBe(
    `00000000${"01"}${"01000000"}${"00".repeat(16)}`,
  );
});

test("a reason never quotes a value", () => {
  const marker = "zqmarker77";
  const samples = times(9, (at) => `{"${marker}@x.de":"${marker}${at}@x.de"}`);
  for (const type of ["text", "jsonb", "bytea", "text[]"]) {
    expect(JSON.stringify(detect(`t.c ${type}`, samples) ?? null)).not.toContain(marker);
  }
});
