/** A service of every sector at one store, and short ways to let them speak. */

import { expect } from 'vitest';
import { gather, type Household } from './household.ts';
import { adt } from './messages.ts';
import { nhsNumber, type Someone } from './records.ts';
import { ago, at, EVERYBODY, ROLL, v2 } from './roll.ts';
import { SERVED } from './served.ts';
import { chart, contactOf, episodeOf, NHS_NUMBER, type Said, transactionOf } from './transactions.ts';

export type Person = Someone & { nhs: string; given: string; family: string; born: string; local: string };
type More = (whom: Said) => Said[];

const TYPES = [...SERVED, 'Provenance'];

let families = 0;
/** Invented people of one family name that nobody else has; names are as unlike as the numbers. */
export function newFamily() {
  const n = ++families;
  const person = (given: string, born: string, nth: number): Person => {
    const local = `${given[0]}${n}`;
    return { nhs: nhsNumber(200 + n * 10 + nth), given: `${given}${n}`, family: `Uren${n}`, born, local };
  };
  return {
    mother: person('Asta', '1993-03-03', 0),
    baby: person('Bo', ago(60), 1),
    man: person('Derek', '1988-07-07', 2),
    child: person('Vix', ago(800), 3),
    grandmother: person('Vera', '1972-02-02', 4),
  };
}

export async function openRegion() {
  const household = await gather(ROLL);
  return { ...household, ...speaking(household) };
}
export type Region = Awaited<ReturnType<typeof openRegion>>;

function speaking(household: Household) {
  const send = async (system: string, said: Said[], day = ago(1)): Promise<void> => {
    const { status, body } = await household.skein.transaction(transactionOf(said, at(day)), system);
    expect(status, JSON.stringify(body)).toBe(200);
  };
  /** Opens care of a person 50 days ago with a contact, and says more of them. */
  const care = (system: string, who: Person, more: More = () => []): Promise<void> => {
    const whom = chart(system, who);
    const spell = episodeOf(whom, system, { id: `E-${system}-${who.local}`, start: ago(50) });
    const contact = contactOf(whom, system, `C-${system}-${who.local}`, ago(30));
    return send(system, [whom, spell, contact, ...more(whom)], ago(30));
  };
  type Adt = { mother?: Person; event?: string; id?: string; day?: string; died?: string };
  /** Maternity's word of a person: admitted on the day of birth, unless another event is named. */
  const hospital =
    (system: string) =>
    async (
      who: Partial<Person> & { local: string },
      { mother, event, id, day = who.born ?? ago(2), died }: Adt = {},
    ) => {
      const options = { mother: mother?.nhs ?? '', visit: `V-${who.local}`, at: v2(day), event, id };
      const set = Object.entries(options).filter(([, value]) => value !== undefined);
      const message = adt(who, { id: `M-${who.local}`, ...Object.fromEntries(set) });
      const [msh, evn, pid = '', ...rest] = message.split('\r');
      const death = died === 'no' ? { 29: '""', 30: 'N' } : { 29: v2(died ?? ''), 30: 'Y' };
      const fields = Object.assign(pid.split('|'), died ? death : {});
      const said = [msh, evn, Array.from(fields, (field) => field ?? '').join('|'), ...rest].join('\r');
      const { body } = await household.skein.intake(system, 'application/hl7-v2', said);
      expect(body.text).toContain('MSA|AA');
    };
  /** Somebody whom the store knows: a read of nobody's id would show nothing to anybody. */
  const idOf = async ({ nhs }: { nhs: string }): Promise<string> => {
    const [found] = await household.find('Patient', `&identifier=${NHS_NUMBER}|${nhs}`);
    if (!found) throw new Error(`nobody has the number ${nhs}`);
    return found.id;
  };
  /** What each service is told while something happens; who is told nothing is not named. */
  const hearing = async (happens: () => Promise<unknown>): Promise<Record<string, string[]>> => {
    await household.settle();
    const before = new Map(EVERYBODY.map((name) => [name, household.posts(name).length]));
    const told = new Map(EVERYBODY.map((name) => [name, household.told(name).length]));
    await happens();
    await household.settle();
    return Object.fromEntries(
      EVERYBODY.filter((name) => household.posts(name).length > (before.get(name) ?? 0)).map((name) => [
        name,
        household.told(name).slice(told.get(name)).sort(),
      ]),
    );
  };
  /** All that a service finds by searching, and all that it was sent. */
  const foundBy = async (system: string): Promise<string> => {
    const found = await Promise.all(TYPES.map((type) => household.find(type, '', system)));
    return JSON.stringify([found, household.posts(system).map(({ body }) => body)]);
  };
  const [maternity, neonatal] = [hospital('maternity'), hospital('neonatal')];
  return { send, care, maternity, neonatal, idOf, hearing, foundBy };
}
