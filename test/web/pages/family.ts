/** A family with a part at five services, told through the real doors; and a browser's view of any page. People are invented. */
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../src/app.ts';
import { registerRead } from '../../../src/read/routes.ts';
import { registerPages } from '../../../src/web/pages/routes.ts';
import { care, person, ward } from '../../families/scenarios/messages.ts';
import { testContext } from '../../support/context.ts';
import { gather, type Household, type Services } from '../../support/household.ts';
import { sourcesOf } from '../../support/pages.ts';
import { ago, say } from '../../support/telling.ts';
import { referralOf, type Said } from '../../support/transactions.ts';

export const MOTHER = person(941, 'Tamsin', 'Penrose', '1995-10-20');
export const BABY = person(942, 'Kit', 'Penrose', 91);
/** Known to maternity alone. */
export const STRANGER = person(943, 'Quenby', 'Zennor', '1990-03-03');
export const SERVICES: Services = {
  midwives: ['maternity', 'RXM', 'hl7v2-adt', 'maternity'],
  northlight: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
  littlebay: ['camhs-0-5', 'RXP', 'fhir-r4', 'camhs-0-5'],
  talkwell: ['psychological-therapy', 'RXT', 'fhir-r4', 'psychological-therapy'],
  faraway: ['specialist-perinatal', 'RXO', 'fhir-r4', 'specialist-perinatal'],
};

export type Told = Household & { app: FastifyInstance; journey: string };

/** Whoever is given it stops it, by `stop`. */
export async function tellFamily(): Promise<Told> {
  const household = await gather(SERVICES);
  const service = (name: string) => household.serviceOf(name);
  const asked = (id: string, to: string, day: number) => (whom: Said) => [
    referralOf(whom, { id, from: service('northlight'), to: service(to) }, ago(day)),
  ];
  const messages = [
    ward(BABY, { mother: MOTHER.nhs, system: 'midwives' }),
    ward(MOTHER, { event: 'A28', system: 'midwives', day: ago(200) }),
    ward(person(944, 'Wren', 'Zennor', 40), { mother: STRANGER.nhs, system: 'midwives' }),
    ward(STRANGER, { event: 'A28', system: 'midwives', day: ago(30) }),
    care('talkwell', MOTHER, { start: ago(60), contact: ago(50) }),
    care('northlight', MOTHER, {
      ...{ start: ago(24), contact: ago(10), planned: ago(-6) },
      more: asked('R-1', 'talkwell', 9),
    }),
    care('littlebay', BABY, { start: ago(16), contact: ago(12) }),
  ];
  for (const message of messages) await say(household, message);
  await household.settle();
  const app = buildApp(testContext(household.database), [
    registerRead,
    (started, ctx) => registerPages(started, ctx, sourcesOf(ctx)),
  ]);
  await app.ready();
  const [baby] = await household.find('Patient', `&family=${BABY.family}&given=${BABY.given}`);
  const [group] = await household.find('Group', `&member=Patient/${baby?.id}`);
  const stop = async () => {
    await app.close();
    await household.stop();
  };
  return { ...household, app, journey: group?.id ?? '', stop };
}

/** What a reader is shown, without the markup: of a picture its words, too. */
export function wordsOf(html: string): string {
  return html
    .replace(/<head>[\s\S]*?<\/head>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

/** Between two marks of a page. */
export const partOf = (html: string, from: string, to: string): string =>
  html.slice(html.indexOf(from), html.indexOf(to, html.indexOf(from) + from.length));
