/**
 * What a person is given of herself (docs/adr/0036-subject-access.md): the sharing table's own row for her,
 * by the same decisions as everybody's. The only way to it.
 */
import type { Resource } from '@medplum/fhirtypes';
import type { Recipient, ResourceRow } from '../../model.ts';
import { asOf } from '../../store/clock.ts';
import type { Db } from '../../store/pool.ts';
import { decide, type Grants, reaches } from '../decide/decide.ts';
import { SUBJECT } from '../decide/policy.ts';
import { project } from '../project/project.ts';
import { registeredServices } from '../register/services.ts';

/** An id that nothing has: nobody said anything as her, and nothing is addressed to her. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const service = { id: NOBODY, name: '', ods: '', team: '', sector: SUBJECT, kind: null };
const HERSELF: Recipient = {
  kind: 'system',
  system: { id: 0, name: SUBJECT, service, source: null, dialect: null, onHeld: 'AE' },
};

/**
 * Each row as she may see it, in their order; null where it is not about her, or not hers to be given. Always
 * as if she were held, so that where she is, and that there is a hold, can be told from nothing that is or is
 * not there. Nobody else is known to her.
 */
export async function seeAsSubject(
  db: Db,
  person: string,
  rows: ResourceRow[],
): Promise<(Resource | null)[]> {
  const grants = await grantsOf(db, person);
  const isHers = ({ persons }: ResourceRow) => persons.length === 0 || persons[0] === person;
  return rows.map((row) => (isHers(row) ? project(HERSELF, grants, row) : null));
}

/** Whether she is told of what was agreed or refused in her name. */
export async function maySeeAgreements(db: Db, person: string): Promise<boolean> {
  return reaches(decide(await grantsOf(db, person), 'INV', person), 'S');
}

async function grantsOf(db: Db, person: string): Promise<Grants> {
  return {
    ...{ everything: false, service: NOBODY, sector: SUBJECT, at: asOf() },
    persons: new Map([[person, { care: 'open', roles: [], held: true }]]),
    services: await registeredServices(db),
  };
}
