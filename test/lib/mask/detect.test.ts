import { describe, expect, test } from "bun:test";
import { type ColumnFacts, detectColumn } from "../../../lib/mask/detect.ts";

type Samples = (string | null)[];

/** `table.column type`, with samples where the values matter. */
function detect(written: string, samples: Samples = [], more: Partial<ColumnFacts> = {}) {
  const [, table = "", column = "", type = ""] = /^(\w+)\.(\S+) (.*)$/.exec(written) ?? [];
  return detectColumn({ schema: "public", table, column, type, ...more }, samples);
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
    ["countries.country text"],
  ])("%s is not", (written) => {
    expect(detect(written)).toBeUndefined();
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
