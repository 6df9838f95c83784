import { splitWords } from "./detect-words.ts";

/** What a column may hold that is personal. */
export type What =
  | "email"
  | "phone"
  | "first_name"
  | "last_name"
  | "name"
  | "username"
  | "company"
  | "address"
  | "place"
  | "position"
  | "birth date"
  | "ip"
  | "device"
  | "url"
  | "card"
  | "iban"
  | "bank account"
  | "identity number"
  | "sensitive"
  | "password"
  | "secret"
  | "free text"
  | "opaque";

/** When a phrase counts: always, or only where the table (or another word of the name) is about people, or addresses. */
export type Where = "anywhere" | "people" | "people or addresses" | "addresses" | "not things";

interface Entry {
  what: What | "nothing";
  where: Where;
  words: string[];
}

const lines = (text: string) =>
  text
    .trim()
    .split(/\s*[,\n]\s*/)
    .filter((phrase) => phrase !== "");

function entries(what: Entry["what"], where: Where, text: string): Entry[] {
  return lines(text).map((phrase) => ({ what, where, words: splitWords(phrase) }));
}

/** Phrases in English, German, French, Spanish, Italian, Dutch and Portuguese; accents are not written. */
const PHRASES: Entry[] = [
  ...entries(
    "email",
    "anywhere",
    `email, e mail, mail, email address, e mail address, e mail adresse, mail address, mail adresse, email adresse, emailid, email id, courriel, adresse mail, adresse email,
    adresse electronique, correo, correo electronico, posta elettronica, indirizzo email, mailadres, endereco email`,
  ),
  ...entries(
    "phone",
    "anywhere",
    `phone, telephone, tel, tel no, tel nr, telefon, telefono, telefone, telefoon, mobile, mobil, handy, handynummer, cellphone, cell phone, gsm, fax,
    telefax, rufnummer, telefonnummer, mobilnummer, telefoonnummer, telefonnr, phone number, phone no, movil, celular, cellulare, telemovel,
    mobiel, msisdn, whatsapp, tlf, tlfn, portable tel, numero telephone, numero de telephone`,
  ),
  ...entries("phone", "people", "cell, portable, extension, durchwahl"),
  ...entries(
    "first_name",
    "anywhere",
    `first name, fname, f name, firstname, given name, forename, christian name, middle name, mname, middle initial, vorname, rufname, prenom,
    primer nombre, segundo nombre, nombre pila, primeiro nome, nome proprio, voornaam, voornamen, roepnaam, nick vorname, secondo nome`,
  ),
  ...entries(
    "last_name",
    "anywhere",
    `last name, lname, l name, lastname, surname, sur name, family name, maiden name, birth name, mother maiden name, nachname, familienname, zuname,
    geburtsname, madchenname, maedchenname, nom famille, nom de famille, nom naissance, nom de naissance, nom usage, nom jeune fille, apellido,
    apellido paterno, apellido materno, cognome, sobrenome, apelido, ultimo nome, achternaam, familienaam, tussenvoegsel`,
  ),
  ...entries(
    "name",
    "anywhere",
    `full name, fullname, display name, real name, legal name, preferred name, complete name, person name, nom complet, nom prenom, prenom nom,
    nombre completo, nome completo, volledige naam, cardholder, card holder, name on card, karteninhaber, kontoinhaber, account holder, titulaire,
    titular, intestatario, contact name, contact person, ansprechpartner, kontaktperson, next of kin, emergency contact, signatory, signed by,
    vollstandiger name, vor und nachname`,
  ),
  ...entries("name", "people", "initial, initiale, signature, also known as, aka"),
  // Also the name that a parcel or an invoice is sent to.
  ...entries("name", "people or addresses", "name, nom, nombre, nome, naam"),
  ...entries(
    "username",
    "anywhere",
    `user name, username, uname, login name, user login, loginname, logon, nick name, nickname, screen name, benutzername, anmeldename, nutzername,
    benutzerkennung, nom utilisateur, nom d utilisateur, nombre usuario, nombre de usuario, nome utente, nome usuario, gebruikersnaam, created by,
    updated by, modified by, changed by, deleted by, approved by, assigned to, angelegt von, geandert von, cree par, modifie par, creado por`,
  ),
  ...entries(
    "username",
    "people",
    "login, nick, handle, pseudo, pseudonyme, alias, identifiant, usuario, user, twitter, skype, instagram, facebook, telegram, github, linkedin",
  ),
  ...entries(
    "company",
    "people or addresses",
    `company, company name, firma, firmenname, unternehmen, societe, entreprise, raison sociale, empresa, azienda, ragione sociale, ditta, bedrijf,
    bedrijfsnaam, employer, arbeitgeber, employeur, organization, organisation`,
  ),
  ...entries(
    "address",
    "anywhere",
    `address, addr, address line, home address, street, street name, street address, house number, adresse, anschrift, strasse, hausnummer, haus nr,
    hausnr, adresszusatz, rue, numero rue, voie, complement adresse, direccion, domicilio, calle, indirizzo, numero civico, straat, straatnaam,
    adres, huisnummer, endereco, morada, rua, logradouro, apartment number`,
  ),
  ...entries("address", "people or addresses", "via, line, apartment, apt, wohnung, c o"),
  ...entries(
    "place",
    "anywhere",
    `postal code, post code, postcode, postalcode, zip, zipcode, zip code, plz, postleitzahl, code postal, codigo postal, codice postale, cep,
    place of birth, birth place, birthplace, geburtsort, lieu naissance, lieu de naissance, ville naissance, lugar nacimiento,
    lugar de nacimiento, luogo nascita, luogo di nascita, geboorteplaats, local nascimento, wohnort, woonplaats, residence`,
  ),
  ...entries(
    "place",
    "people or addresses",
    `city, town, ort, ortsteil, stadt, ville, commune, ciudad, localidad, poblacion, citta, comune, cidade, localidade, stad, plaat, gemeinde,
    district, county, province, provincia, region, bairro, suburb, neighborhood, neighbourhood, quartier, barrio, cp, cap`,
  ),
  ...entries("place", "addresses", "state, bundesland, estado"),
  ...entries(
    "position",
    "not things",
    `latitude, longitude, lat, lng, lon, gps, geolocation, geo location, coordinate, koordinate, coordonnee, coordenada, breitengrad, langengrad,
    geo point, geopoint`,
  ),
  ...entries("position", "people or addresses", "location, position, geo, standort, ubicacion, posizione"),
  ...entries(
    "birth date",
    "anywhere",
    `birth date, birthdate, birthday, birth day, date of birth, dob, birth, born, born on, birth year, year of birth, geburtsdatum, geburtstag,
    geburt, geburtsjahr, geb datum, gebdatum, gebdat, geboren, geboren am, date naissance, date de naissance, naissance, ne le, annee naissance,
    fecha nacimiento, fecha de nacimiento, nacimiento, fecha nac, fec nac, data nascita, data di nascita, nascita, geboortedatum, geboorte,
    data nascimento, data de nascimento, nascimento, anniversaire, cumpleano, compleanno, aniversario, verjaardag, death date, date of death,
    died, died on, sterbedatum, date dece, fecha defuncion`,
  ),
  ...entries(
    "ip",
    "anywhere",
    "ip, ip address, ipaddress, ip addr, ipaddr, ip adresse, adresse ip, remote addr, remote address, direccion ip",
  ),
  ...entries(
    "device",
    "anywhere",
    `mac address, mac addr, imei, imsi, iccid, device id, udid, idfa, gaid, advertising id, browser fingerprint, device fingerprint, user agent,
    useragent, device serial, cookie id`,
  ),
  ...entries(
    "url",
    "people",
    `avatar, avatar url, photo, photo url, picture, picture url, image, image url, foto, bild, imagen, immagine, website, homepage, webseite, blog,
    profile url, profile image, portrait, photo path, url, uri`,
  ),
  ...entries(
    "card",
    "anywhere",
    `card number, card no, card num, card nr, credit card, creditcard, debit card, cc number, cc num, ccn, pan, kreditkarte, kreditkartennummer,
    kartennummer, numero carte, carte bancaire, carte credit, carte de credit, tarjeta, numero tarjeta, tarjeta credito, carta credito,
    carta di credito, numero carta, cartao, cartao credito, numero cartao, kaartnummer`,
  ),
  ...entries("iban", "anywhere", "iban, iban number, iban nr"),
  ...entries(
    "bank account",
    "anywhere",
    `account number, account no, acct number, acct no, bank account, bankaccount, kontonummer, konto nr, kontonr, bankkonto, bankverbindung,
    numero compte, numero de compte, rib, cuenta bancaria, numero cuenta, conto corrente, conto bancario, numero conto, conta bancaria,
    numero conta, rekeningnummer, sort code, routing number`,
  ),
  ...entries(
    "identity number",
    "anywhere",
    `ssn, social security, social security number, social insurance number, national id, national identity, national insurance, nino, ni number,
    tax id, taxid, tax number, tin, itin, steuernummer, steuer id, steuer nr, steuernr, steueridentifikationsnummer, sozialversicherungsnummer,
    sv nummer, sv nr, svnr, rentenversicherungsnummer, versichertennummer, versicherungsnummer, krankenversicherungsnummer, kvnr,
    insurance number, insurance id, insurance no, passport, passport number, passport no, passnummer, reisepass, reisepassnummer, passeport,
    pasaporte, passaporto, passaporte, paspoort, ausweis, ausweisnummer, personalausweis, id card, identity card, identity number,
    identification number, id number, carte identite, carte d identite, cni, dni, nif, nie, nss, documento identidad, numero documento, cedula,
    curp, rfc, codice fiscale, cod fiscale, carta identita, cpf, numero secu, numero securite sociale, securite sociale, nir, numero insee, bsn,
    burgerservicenummer, sofinummer, driver license, driver licence, driving license, driving licence, license number, licence number,
    fuhrerschein, fuehrerschein, fuhrerscheinnummer, permis conduire, permis de conduire, licencia conducir, patente guida, rijbewijs,
    license plate, licence plate, plate number, number plate, kennzeichen, kfz kennzeichen, immatriculation, matricula, targa, kenteken,
    personnummer, personalnummer, employee number, employee no, student number, matrikelnummer, patient number, medical record number, mrn,
    nhs number, nhs no, aadhaar, ahv, ahv nummer, vin, partita iva, ust id, ustid, vat id, vat number, numero tva`,
  ),
  ...entries("identity number", "people", "matricule, document number, vat, insee"),
  ...entries(
    "sensitive",
    "anywhere",
    `gender, geschlecht, sexe, sesso, sexo, geslacht, ethnicity, ethnic group, religion, religione, confession, konfession, religious,
    nationality, nationalitat, nationalite, nacionalidad, nazionalita, nacionalidade, nationaliteit, citizenship, staatsangehorigkeit,
    staatsburgerschaft, marital status, civil status, familienstand, situation familiale, etat civil, estado civil, stato civile,
    burgerlijke staat, sexual orientation, political party, party affiliation, political opinion, union member, union membership, disability,
    behinderung, handicap, diagnosis, diagnose, diagnostic, diagnostico, diagnosi, icd, icd code, disease, krankheit, maladie, enfermedad,
    malattia, allergy, allergie, allergia, alergia, medication, medikation, blood type, blood group, blutgruppe, groupe sanguin,
    grupo sanguineo, gruppo sanguigno, medical history, anamnese, symptom, salary, wage, gehalt, lohn, salaire, salario, stipendio, salari,
    income, einkommen, criminal record, credit score, date of hire salary`,
  ),
  ...entries(
    "sensitive",
    "people",
    "sex, genre, genero, race, age, alter, edad, eta, idade, leeftijd, health, geslecht, bonu, weight, height",
  ),
  ...entries(
    "password",
    "anywhere",
    `password, passwd, pwd, passphrase, pass word, passcode, password hash, password digest, encrypted password, kennwort, passwort, mot passe,
    mot de passe, mdp, contrasena, contrasenia, senha, palavra passe, wachtwoord, security answer, secret answer, pin, pin code`,
  ),
  ...entries("password", "people", "pass, clave, hash, salt"),
  ...entries(
    "secret",
    "anywhere",
    `secret, token, api key, apikey, access key, private key, secret key, signing key, encryption key, client secret, session key, session token,
    session id, sessionid, cookie, credential, otp, totp, otp secret, recovery code, backup code, auth key, bearer, jwt, refresh token, access token,
    reset token, webhook secret, password salt, cvv, cvc, security code`,
  ),
  ...entries(
    "free text",
    "anywhere",
    `note, comment, remark, message, bemerkung, notiz, notizen, kommentar, kommentare, anmerkung, nachricht, remarque, commentaire, observation,
    nota, comentario, observacion, observacione, mensaje, mensage, osservazione, osservazioni, commento, messaggio, opmerking, notitie, bericht,
    observacao, mensagem, biography, biographie, biografia, bio, about me, feedback, complaint, beschwerde, memo, transcript, chat, free text,
    freetext, freitext`,
  ),
  ...entries(
    "free text",
    "people",
    "description, beschreibung, about, summary, background, antecedent, body, content, reason, text, texte, texto, testo, tekst",
  ),
  // Longer phrases win: these are addresses and names of no person.
  ...entries(
    "nothing",
    "anywhere",
    `web address, memory address, wallet address, url address, name space, file name, filename, host name, hostname, domain name, table name,
    column name, schema name, class name, event name, product name, item name, category name, group name, role name, type name, tag name,
    file path, brand name, model name, app name, service name, country name, city name, language name, time zone name, mail server, mail host,
    mail template, city code, mac os, primary key, public key, foreign key, message type, message id, comment count, token type, born digital,
    email template, tel que, script name, index name, field name, queue name, job name, project name, team name, plan name, store name`,
  ),
];

/** At the end of a name these say that the column is about the thing, and isn't the thing. */
const META = wordSet(
  `id, type, typ, tipo, soort, status, state, count, anzahl, total, verified, confirmed, sent, at, enabled, disabled, active, preference, template,
  format, consent, valid, flag, attempt, expire, expiry, expiration, changed, updated, created, length, version, visible, public, required,
  brand, provider, kind, category, order, sort, index, score, rate, size, opt, in, out, port, country, permission, level, limit, lang, language, date, datum`,
);

/** At the beginning of a name, the same. */
const META_BEFORE = wordSet(
  "is, has, can, show, allow, require, enable, use, num, count, max, min, avg, default, total",
);

/** Words for people; a table with one of them at its end, or with one and no word for a thing, is about people. */
const PEOPLE = wordSet(
  `user, usr, customer, cust, client, member, person, people, employee, emp, staff, actor, author, contact, patient, doctor, physician, nurse, student,
  pupil, teacher, tutor, guest, visitor, subscriber, lead, prospect, applicant, candidate, passenger, driver, owner, agent, manager, operator,
  recipient, sender, attendee, participant, player, profile, identity, donor, voter, beneficiary, dependent, parent, guardian, child, children,
  spouse, resident, citizen, buyer, seller, crew, director, artist, reviewer, speaker, instructor, worker, consultant, investor, borrower, holder,
  payer, payee, debtor, creditor, coach, athlete, witness, account, admin, administrator, human, woman, man, shopper, tenant contact, signer,
  kunde, kunden, kundin, kundinnen, mitglied, mitglieder, personen, mitarbeiter, mitarbeiterin, angestellte, autor, autoren, kontakt, kontakte,
  patienten, patientin, arzt, arzte, aerzte, schuler, schueler, lehrer, gast, gaste, gaeste, besucher, abonnent, abonnenten, bewerber, fahrer,
  inhaber, eigentumer, eigentuemer, mieter, empfanger, empfaenger, absender, teilnehmer, spieler, benutzer, nutzer, kaufer, kaeufer, kind, kinder,
  personne, employe, salarie, auteur, medecin, praticien, eleve, etudiant, professeur, invite, visiteur, abonne, candidat, passager, conducteur,
  proprietaire, locataire, destinataire, expediteur, joueur, utilisateur, acheteur, vendeur, membre, adherent, beneficiaire, enfant, compte,
  persona, empleado, cliente, autora, contacto, paciente, medico, alumno, estudiante, profesor, huesped, visitante, suscriptor, candidato,
  pasajero, conductor, propietario, inquilino, destinatario, jugador, usuario, comprador, vendedor, miembro, socio, nino,
  dipendente, autore, contatto, paziente, studente, docente, ospite, abbonato, passeggero, autista, proprietario, giocatore, utente, acquirente,
  membro, medewerker, werknemer, klant, klanten, gebruiker, leerling, lid, leden, deelnemer, persoon, kandidaat, passagier, huurder, eigenaar,
  pessoa, empregado, funcionario, contato, aluno, hospede, assinante, passageiro, motorista, jogador, utilizador`,
);

/** Words for things; `name` in their tables names no person. */
const THINGS = wordSet(
  `product, article, item, good, film, movie, book, song, album, track, category, tag, country, city, region, state, province, language, currency, unit,
  role, group, permission, privilege, team, department, division, type, status, setting, config, configuration, option, feature, plan, brand, model,
  color, colour, size, shop, store, branch, warehouse, inventory, event, course, project, campaign, template, page, menu, file, folder, image, version,
  migration, job, queue, server, host, service, app, application, station, hotel, restaurant, school, hospital, airport, flight, vehicle, car,
  material, part, recipe, ingredient, genre, order, payment, invoice, segment, channel, source, level, tier, preference, session, token, log, queue,
  typ, typen, art, arten, produkt, artikel, ware, kategorie, land, laender, lander, stadt, staedte, stadte, sprache, wahrung, waehrung, einheit, rolle, gruppe, marke, farbe,
  lager, filiale, kurs, bestellung, rechnung, abteilung, einstellung, buch, bucher, buecher,
  produit, categorie, pay, ville, langue, devise, unite, groupe, marque, couleur, magasin, cour, commande, facture, livre, medicament, acte,
  producto, categoria, pais, ciudad, idioma, moneda, rol, grupo, marca, tienda, pedido, factura, libro,
  prodotto, paese, citta, lingua, valuta, ruolo, gruppo, negozio, ordine, fattura, libro,
  categorieen, stad, taal, rol, groep, merk, winkel, bestelling, factuur, produto, moeda, papel, loja, cidade, livro, encomenda`,
);

/** At the end of a name of a text, these are its name: what somebody is to the row. Words with other meanings are left out. */
const ROLES = wordSet(
  `author, composer, director, artist, writer, editor, owner, customer, patient, buyer, seller, recipient, sender, signer, reviewer, passenger, guest,
  employee, doctor, physician, teacher, student, speaker, instructor, borrower, beneficiary, payer, payee, autor, auteur, autore, kunde, mitarbeiter,
  empfanger, empfaenger, absender, arzt, inhaber, medecin, destinataire, expediteur, proprietaire, paciente, medico, propietario, destinatario,
  paziente, proprietario, klant, medewerker, eigenaar`,
);

const ADDRESSES = wordSet(
  `address, addr, adresse, adressen, anschrift, anschriften, direccion, direccione, domicilio, indirizzo, indirizzi, adres, adressen, endereco, morada,
  ship, shipping, delivery, bill, billing, lieferung, livraison, residence, household, haushalt`,
);

/** Tables that keep what rows looked like before. */
const HISTORIES = wordSet(
  `history, audit, log, logged, journal, trail, revision, changelog, archive, shadow, event, verlauf, protokoll, historie, historique, historial,
  auditoria, storico, geschiedenis, historico, version`,
);

/** Parts of names written as one word that stand in no phrase. */
const FILLERS = wordSet(
  `home, work, private, privat, business, geschaft, office, dienst, main, primary, secondary, alternate, other, billing, shipping, delivery, rechnung,
  rechnungs, liefer, lieferung, versand, contact, emergency, backup, personal, last, first, full, nummer, number, numero, nr, code, new, old, hash, login`,
);

function wordSet(text: string): Set<string> {
  return new Set(lines(text).flatMap(splitWords));
}

const byFirstWord = new Map<string, Entry[]>();
for (const entry of PHRASES) {
  const first = entry.words[0] ?? "";
  byFirstWord.set(first, [...(byFirstWord.get(first) ?? []), entry]);
}
for (const list of byFirstWord.values()) list.sort((one, other) => other.words.length - one.words.length);

/** Phrases that begin with this word, the longest first. */
export function phrasesFrom(word: string): readonly Entry[] {
  return byFirstWord.get(word) ?? [];
}

/** Words that names may be made of without a separator; short ones would be found in anything. */
export const vocabulary: ReadonlySet<string> = new Set(
  [...PHRASES.flatMap(({ words }) => words), ...PEOPLE, ...FILLERS].filter(
    (word) => word.length > 2 || word === "of" || word === "de",
  ),
);

export const words = {
  meta: META,
  metaBefore: META_BEFORE,
  people: PEOPLE,
  roles: ROLES,
  things: THINGS,
  addresses: ADDRESSES,
  histories: HISTORIES,
} as const;
