/**
 * Who gave a Consent, in what capacity (docs/adr/0032-who-agreed.md): an extension of Skein's own, since
 * `Consent.performer` names a person and not by what right that one speaks.
 */
import type { Consent, Extension } from '@medplum/fhirtypes';
import { z } from 'zod';
import { HOLDERS } from './parental.ts';
import { SKEIN_DEFINITIONS } from './systems.ts';

/** By what right somebody decides for an adult who cannot. */
const BASES = ['lasting-power-of-attorney', 'court-deputy', 'court-order', 'best-interests'] as const;

/**
 * `self`: the person. `safeguarding`: nobody agreed, and a clinician states that these services may know;
 * why, and who, is kept with the message alone.
 */
export type GivenBy =
  | { capacity: 'self' }
  | { capacity: 'parental-responsibility'; holder: string }
  | { capacity: 'decision-maker'; basis: string }
  | { capacity: 'safeguarding'; reason: string; clinician: string | null };

const GIVEN_BY = `${SKEIN_DEFINITIONS}given-by`;
const code = (url: string, codes: readonly string[]) =>
  z.strictObject({ url: z.literal(url), valueCode: z.enum(codes as [string, ...string[]]) });
const text = (url: string, most: number) =>
  z.strictObject({ url: z.literal(url), valueString: z.string().trim().min(1).max(most) });
const capacity = (name: string) => code('capacity', [name]);

/** For `Consent.extension`: one at most. */
export const GivenByExtension = z.strictObject({
  url: z.literal(GIVEN_BY),
  extension: z.union([
    z.tuple([capacity('self')]),
    z.tuple([capacity('parental-responsibility'), code('holder', HOLDERS)]),
    z.tuple([capacity('decision-maker'), code('basis', BASES)]),
    z.tuple([capacity('safeguarding'), text('reason', 2_000)]),
    z.tuple([capacity('safeguarding'), text('reason', 2_000), text('clinician', 200)]),
  ]),
});

export function readGivenBy(extension: z.infer<typeof GivenByExtension> | undefined): GivenBy {
  const [first, second, third] = extension?.extension ?? [];
  const value = second && 'valueCode' in second ? second.valueCode : '';
  switch (first?.valueCode) {
    case 'parental-responsibility':
      return { capacity: 'parental-responsibility', holder: value };
    case 'decision-maker':
      return { capacity: 'decision-maker', basis: value };
    case 'safeguarding':
      return {
        capacity: 'safeguarding',
        reason: second && 'valueString' in second ? second.valueString : '',
        clinician: third?.valueString ?? null,
      };
    default:
      return { capacity: 'self' };
  }
}

/** As it is kept and given back: without the reason, and the name. */
export function givenByExtension(by: GivenBy): Extension[] {
  if (by.capacity === 'self') return [];
  const more: Extension[] =
    by.capacity === 'parental-responsibility'
      ? [{ url: 'holder', valueCode: by.holder }]
      : by.capacity === 'decision-maker'
        ? [{ url: 'basis', valueCode: by.basis }]
        : [];
  return [{ url: GIVEN_BY, extension: [{ url: 'capacity', valueCode: by.capacity }, ...more] }];
}

/** Of one that was kept; without a word on it the person gave it. */
export function findGivenBy({ extension = [] }: Consent): { capacity: GivenBy['capacity']; holder?: string } {
  const parts = extension.find(({ url }) => url === GIVEN_BY)?.extension ?? [];
  const codeOf = (name: string) => parts.find(({ url }) => url === name)?.valueCode;
  const holder = codeOf('holder');
  const said = (codeOf('capacity') ?? 'self') as GivenBy['capacity'];
  return { capacity: said, ...(holder === undefined ? {} : { holder }) };
}
