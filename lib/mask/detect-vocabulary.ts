import { PHRASES, type Phrase } from "./detect-phrases.ts";
import { listOf, splitWords } from "./detect-words.ts";

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
  return new Set(listOf(text).flatMap(splitWords));
}

const byFirstWord = new Map<string, Phrase[]>();
for (const entry of PHRASES) {
  const first = entry.words[0] ?? "";
  byFirstWord.set(first, [...(byFirstWord.get(first) ?? []), entry]);
}
for (const list of byFirstWord.values()) list.sort((one, other) => other.words.length - one.words.length);

/** Phrases that begin with this word, the longest first. */
export function phrasesFrom(word: string): readonly Phrase[] {
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
