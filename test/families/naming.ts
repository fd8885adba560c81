/** How a source writes a person's name down: in full, short, turned round, or not the name at all. */
import { mistyped } from './errors.ts';
import type { Name } from './names/compose.ts';
import { variantsOf } from './names/variants.ts';
import { during, type Person } from './people.ts';
import type { Chance } from './random.ts';
import type { Source } from './sources.ts';

export type Writing = { chance: Chance; source: Source; day: number; errors: number; noted: string[] };
type Written = Pick<Name, 'given' | 'family'>;

/** Family names come first in some of these, so clerks turn them round; some people have one name alone. */
const TURNED: Partial<Record<Person['origin'], number>> = {
  chinese: 0.06,
  tamil: 0.06,
  somali: 0.04,
  arabic: 0.02,
};
const ONE_NAME: Partial<Record<Person['origin'], number>> = { tamil: 0.04, arabic: 0.01, pakistani: 0.01 };
const NO_FAMILY = ['', '', '.', 'Unknown', 'FNU'];

const BABY = {
  male: ['Baby', 'Baby', 'Infant', 'Baby Boy', 'Boy'],
  female: ['Baby', 'Baby', 'Infant', 'Baby Girl', 'Girl'],
};

/** A newborn who has no name yet. */
function placeholder({ chance, noted }: Writing, { sex, order }: Person, name: Name): Written {
  noted.push('placeholder');
  const ordinal = chance.pick([
    `Twin ${order}`,
    `Baby ${order}`,
    `Twin ${'ABC'[order - 1]}`,
    `Infant ${order}`,
  ]);
  return { given: order ? ordinal : chance.pick(BABY[sex]), family: name.family };
}

const isNewborn = ({ role, born }: Person, day: number) => role === 'infant' && day - born <= 10;

/** Each with the chance that it happens; several may happen to one name. */
function slips({ source, errors }: Writing, { origin }: Person) {
  const typed = source.careless * errors;
  return {
    otherForm: source.nickname + 0.012 * typed,
    typo: 0.006 * typed,
    initial: 0.002 * typed,
    half: 0.02 * typed,
    swapped: 0.0025 * typed + (TURNED[origin] ?? 0) * (source.careless > 2 ? 2 : 0.5),
    oneName: ONE_NAME[origin] ?? 0,
  };
}

function otherForm(chance: Chance, name: string): string {
  const forms = variantsOf(name);
  return forms.length > 0 ? chance.pick(forms) : name;
}

export function writeName(writing: Writing, person: Person): Written {
  const { chance, source, day, noted } = writing;
  const name = during(person.names, day);
  if (isNewborn(person, day) && chance.is(source.placeholder)) return placeholder(writing, person, name);

  const shares = slips(writing, person);
  const when = (share: number, error: string) => {
    const happens = chance.is(Math.min(share, 0.6));
    if (happens) noted.push(error);
    return happens;
  };
  // A son who is Mohammed as his brother is goes by his second name, so that it is written more often.
  const second = name.given === 'Mohammed' && name.second ? 0.7 : source.second;
  let { given, family } = name;
  if (chance.is(shares.otherForm) && variantsOf(given).length > 0) {
    given = otherForm(chance, given);
    noted.push('other-form');
  }
  if (chance.is(shares.otherForm * 0.4)) family = otherForm(chance, family);
  if (name.second && chance.is(second)) given = `${given} ${name.second}`;
  if (when(shares.typo, 'given-mistyped')) given = mistyped(chance, given);
  if (when(shares.typo, 'family-mistyped')) family = mistyped(chance, family);
  if (/[- ]/.test(family) && when(shares.half, 'half-a-family-name'))
    family = family.split(/[- ]/)[chance.int(0, 1)] ?? family;
  if (when(shares.initial, 'initial')) given = given.slice(0, 1);
  if (when(shares.swapped, 'names-swapped')) return { given: family, family: given };
  if (when(shares.oneName, 'one-name'))
    return { given, family: chance.is(0.3) ? given : chance.pick(NO_FAMILY) };
  return { given, family };
}
