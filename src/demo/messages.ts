/** The demo's messages, as each sender writes them: `messages/`, with `${...}` where people, teams, dates and
 * fresh ids go. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BABY, DAYS, MOTHER, PARTNER, SISTER, TEAMS } from './family.ts';

const PEOPLE = { mother: MOTHER, baby: BABY, sister: SISTER, partner: PARTNER };
const VALUES: Record<string, Record<string, string>> = { ...PEOPLE, ...TEAMS, days: DAYS };

/** A message. `${uuid.x}` is one fresh uuid per message and name; `.hl7` writes a date as HL7 v2 does. */
export function message(file: string, more: Record<string, string> = {}): string {
  const uuids = new Map<string, string>();
  const text = readFileSync(new URL(`./messages/${file}`, import.meta.url), 'utf8');
  return text.replace(
    /\$\{(\w+)(?:\.([\w-]+))?(\.hl7)?\}/g,
    (_, group: string, name: string, hl7?: string) => {
      if (group === 'uuid') uuids.set(name, uuids.get(name) ?? randomUUID());
      const value = group === 'uuid' ? uuids.get(name) : (more[group] ?? VALUES[group]?.[name]);
      if (value === undefined) throw new Error(`${file} asks for ${group}.${name}, which is nowhere`);
      return hl7 ? value.replaceAll('-', '') : value;
    },
  );
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');

/** The headers of a BaRS referral: ids of its own, and to whom (base64), as a sender's proxy sets them. */
export function barsHeaders(): Record<string, string> {
  return {
    'x-request-id': randomUUID(),
    'x-correlation-id': randomUUID(),
    'nhsd-target-identifier': base64({
      system: 'http://fhir.nhs.uk/Id/dos-service-id',
      value: TEAMS.perinatal.team,
    }),
    accept: 'application/fhir+json; version=1.4.0',
  };
}
