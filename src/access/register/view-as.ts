/** Whose eyes the trial may look through: every registered service, and the operator. */
import type { Recipient, Service } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

const REGISTERED = 'select id, name, ods, team, sector, kind from service where registered order by name, id';

export async function listRegistered(db: Db): Promise<Service[]> {
  return (await db.query<Service>(REGISTERED)).rows;
}

/** As any system that acts for the service; 0 is the id of none, so that nothing is kept of its looks. */
export const viewAs = (service: Service): Recipient => ({
  kind: 'system',
  system: { id: 0, name: service.name, service, source: null, dialect: null, onHeld: 'AE' },
});
