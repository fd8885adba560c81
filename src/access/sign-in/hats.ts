/** What somebody who is signed in may act as: one thing at a time, and never more than that. */
import type { HumanRole, Service } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Known } from '../human/examine.ts';
import { type Line, rolesAnywhere, rolesFor } from '../human/roles-file.ts';
import { listRegistered } from '../register/view-as.ts';
import { OPERATOR } from './sessions.ts';

/** `id`: of the service, or `operator`: whoever runs Skein, who is no service. */
export type Hat = { id: string; name: string; service: Service | null; may: HumanRole[] };

const OF_NOBODY: readonly HumanRole[] = ['operator', 'governance'];
const isOfService = (role: HumanRole): boolean => !OF_NOBODY.includes(role);

export function hatOf(lines: Line[], person: Known, service: Service): Hat | null {
  const may = rolesFor(lines, person, service).filter(isOfService);
  return may.length > 0 ? { id: service.id, name: service.name, service, may } : null;
}

export function operatorHat(lines: Line[], person: Known): Hat | null {
  const may = rolesAnywhere(lines, person).filter((role) => !isOfService(role));
  return may.length > 0 ? { id: OPERATOR, name: 'Whoever runs Skein', service: null, may } : null;
}

/** All that HUMAN_ROLES lets them be, in the order in which they are offered. */
export async function listHats(db: Db, lines: Line[], person: Known): Promise<Hat[]> {
  const services = await listRegistered(db);
  return [...services.map((service) => hatOf(lines, person, service)), operatorHat(lines, person)].filter(
    (hat) => hat !== null,
  );
}
