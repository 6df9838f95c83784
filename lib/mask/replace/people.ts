import { likeCase } from "../spelling.ts";
import { FIRST_NAMES } from "../words/first-names.ts";
import { LAST_NAMES } from "../words/last-names.ts";
import { type Compose, fitting, TOKEN } from "./folded.ts";

const SHORT_NAMES = FIRST_NAMES.filter((name) => name.length <= 7).map((name) => name.toLowerCase());
const HOST = "@example.com";

export const firstName: Compose = ({ draw, exact, max }) =>
  likeCase(
    fitting(max, () => draw.pick(FIRST_NAMES)),
    exact,
  );

export const lastName: Compose = ({ draw, exact, max }) =>
  likeCase(
    fitting(max, () => draw.pick(LAST_NAMES)),
    exact,
  );

export const fullName: Compose = ({ draw, exact, max }) =>
  likeCase(
    fitting(max, () => `${draw.pick(FIRST_NAMES)} ${draw.pick(LAST_NAMES)}`),
    exact,
  );

/** At most 34 characters; a column of 26 still takes the whole token, a shorter one a part of it. */
export const email: Compose = ({ draw, exact, folded, max, spell }) => {
  const name = draw.pick(SHORT_NAMES);
  const token = draw.letters(TOKEN);
  if (max > HOST.length) {
    const named = `${name}.${token}`;
    const local = named.length + HOST.length <= max ? named : token.slice(0, max - HOST.length);
    return spell(local, exact, folded) + HOST;
  }
  return spell(token.slice(0, max), exact, folded);
};

/** At most 22 characters, and the token alone in a column of 14 to 21. */
export const username: Compose = ({ draw, exact, folded, max, spell }) => {
  const name = draw.pick(SHORT_NAMES);
  const token = draw.letters(TOKEN);
  const named = `${name}.${token}`;
  return spell(named.length <= max ? named : token.slice(0, max), exact, folded);
};

const SITE = "https://example.com/";

/** 34 characters. */
export const url: Compose = ({ draw, exact, folded, max, spell }) =>
  SITE + spell(draw.letters(Math.min(TOKEN, max - SITE.length)), exact, folded);
