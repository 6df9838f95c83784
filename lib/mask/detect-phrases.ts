import { listOf, splitWords } from "./detect-words.ts";

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

/** A phrase that names what a column holds. */
export interface Phrase {
  what: What | "nothing";
  where: Where;
  words: string[];
}

function entries(what: Phrase["what"], where: Where, text: string): Phrase[] {
  return listOf(text).map((phrase) => ({ what, where, words: splitWords(phrase) }));
}

/** Phrases in English, German, French, Spanish, Italian, Dutch and Portuguese; accents are not written. */
export const PHRASES: Phrase[] = [
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
