import { likeCase } from "../spelling.ts";
import { CITIES, COMPANY_FORMS, COMPANY_WORDS, STREET_KINDS, STREETS } from "../words/places.ts";
import { type Compose, fitting } from "./folded.ts";

export const company: Compose = ({ draw, exact, max }) =>
  likeCase(
    fitting(max, () => `${draw.pick(COMPANY_WORDS)} ${draw.pick(COMPANY_WORDS)} ${draw.pick(COMPANY_FORMS)}`),
    exact,
  );

export const address: Compose = ({ draw, exact, max }) =>
  likeCase(
    fitting(max, () => {
      const street = `${1 + draw.below(999)} ${draw.pick(STREETS)} ${draw.pick(STREET_KINDS)}`;
      const whole = `${street}, ${draw.pick(CITIES)}`;
      return whole.length <= max ? whole : street;
    }),
    exact,
  );
