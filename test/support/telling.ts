/** Families told to a store of their own, in any order, and what has become of them once all is in. */
import { expect } from 'vitest';
import { type Found, gather, type Household, type Send, type Services, shuffled } from './household.ts';

/**
 * The family once every message is in, in the order of `seed` (0: as told, each once everybody has heard
 * of the one before). Every message is taken. Whoever is given the household stops it.
 */
export async function told(services: Services, messages: Send[], seed: number): Promise<Household> {
  const household = await gather(services);
  try {
    for (const send of seed === 0 ? messages : shuffled(messages, seed)) {
      await say(household, send);
      if (seed === 0) await household.settle();
    }
    await household.settle();
  } catch (cause) {
    await household.stop();
    throw cause;
  }
  return household;
}

/** Sends one message, which must be taken. */
export async function say({ skein }: Household, send: Send): Promise<void> {
  const reply = await send(skein);
  if (typeof reply === 'string') expect(reply).toContain('MSA|AA');
  else expect(reply.status, JSON.stringify(reply.body)).toBe(200);
}

export const MATERNITY: Services = { maternity: ['maternity', 'RXM', 'hl7v2-adt'] };
export const hl7 =
  (message: string, system = 'maternity'): Send =>
  (skein) =>
    skein
      .intake(system, 'application/hl7-v2', message)
      .then((reply) => String(reply.body.text ?? JSON.stringify(reply.body)));
export const bars =
  (bundle: object, system: string): Send =>
  (skein) =>
    skein.bars(bundle, undefined, system);
export const transaction =
  (bundle: object, system: string): Send =>
  (skein) =>
    skein.transaction(bundle, system);
export const intake =
  (system: string, type: string, body: string): Send =>
  (skein) =>
    skein.intake(system, type, body);

export const given = (found: Found) =>
  (found.name as { given?: string[] }[] | undefined)?.[0]?.given?.[0] ?? '';
/** Each relation that holds: in whose compartment, and what the other is to them. */
export async function relations({ find }: Household): Promise<string[]> {
  const names = new Map((await find('Patient')).map((one) => [`Patient/${one.id}`, given(one)]));
  const related = (await find('RelatedPerson')) as (Found & Relation)[];
  return related
    .filter(({ active }) => active)
    .map(
      ({ patient, relationship }) =>
        `${names.get(patient.reference)}: ${relationship[0]?.coding.at(-1)?.code}`,
    )
    .sort();
}
type Relation = {
  active: boolean;
  patient: { reference: string };
  relationship: { coding: { code: string }[] }[];
};

export const people = async ({ find }: Household) =>
  (await find('Patient', '&active=true')).map(given).sort();
/** What waits for people, as whoever runs Skein is shown it: what is asked, and of whom. */
export async function waiting({ find, skein }: Household): Promise<string[]> {
  const names = new Map((await find('Patient')).map((one) => [`Patient/${one.id}`, given(one)]));
  const { body } = await skein.get('/fhir/Task/$worklist');
  const tasks = ((body.entry ?? []) as { resource: Item }[]).flatMap(({ resource }) =>
    resource.for ? resource : [],
  );
  return tasks
    .map(({ code, for: one, focus }) => {
      const both = [one, focus].map(({ reference }) => names.get(reference) ?? reference).sort();
      return `${code.coding[0]?.code}: ${both.join(', ')}`;
    })
    .sort();
}
type Item = {
  code: { coding: { code: string }[] };
  for: { reference: string };
  focus: { reference: string };
};

type Characteristic = {
  valueCodeableConcept: { coding: { code: string }[] };
  period: { start: string; end?: string };
};
const isNow = ({ period }: Characteristic) => period.start <= ago(0) && (period.end ?? '9999') > ago(0);
/** Members of each journey, with the stage it is at today; of somebody nobody is linked to there is none. */
export async function journeys({ find }: Household): Promise<string[]> {
  const names = new Map((await find('Patient')).map((one) => [`Patient/${one.id}`, given(one)]));
  return (await find('Group'))
    .flatMap(({ member, characteristic }) => {
      const who = ((member ?? []) as { entity: { reference: string } }[])
        .map(({ entity }) => names.get(entity.reference))
        .sort();
      const stages = ((characteristic ?? []) as Characteristic[]).filter(isNow);
      const codes = stages.map(({ valueCodeableConcept }) => valueCodeableConcept.coding[0]?.code);
      return who.length > 1 ? `${who.join(', ')}: ${codes.join(' ')}` : [];
    })
    .sort();
}

/** So many days before today, since stages go by the clock. */
export const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
export const v2 = (day: string) => `${day.replaceAll('-', '')}090000`;
export const at = (day: string) => `${day}T10:00:00+00:00`;
