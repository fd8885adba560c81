/** `skein service set`: the duty contact of a service, said by an operator for it. */
import { checkContact, keepContact } from '../access/register/duty-contacts.ts';
import { findService, registeredServices, serviceId } from '../access/register/services.ts';
import { findSystem } from '../access/register/systems.ts';
import { WrongUse } from '../command/wrong-use.ts';
import type { Context } from '../context.ts';
import { isId } from '../fhir/ids.ts';
import type { Service } from '../model.ts';
import type { Done } from './command.ts';

export type ContactFlags = { 'duty-phone'?: string; 'duty-hours'?: string; confirmed?: string };

/** Throws Rejected where a part is wrong, and Error where nobody registered the service. */
export async function setContact(ctx: Context, name: string, flags: ContactFlags): Promise<Done> {
  const { 'duty-phone': phone, 'duty-hours': hours, confirmed } = flags;
  if (!phone || !hours || !confirmed)
    throw new WrongUse('service set needs --duty-phone, --duty-hours and --confirmed');
  const duty = checkContact({ phone, hours, confirmed }, new Date().toISOString().slice(0, 10));
  const service = await findNamed(ctx, name);
  await keepContact(ctx.db, service.id, duty);
  const { ods, team } = service;
  return {
    data: { service: `${ods}|${team}`, ...duty },
    text: `${ods} ${team}: ${duty.phone}, ${duty.hours}, confirmed ${duty.confirmed}\n`,
  };
}

/** By a system that acts for it, as `ODS|TEAM`, or by its id. Throws Error where nobody registered it. */
export async function findNamed({ db, key }: Context, name: string): Promise<Service> {
  const [ods = '', ...team] = name.split('|');
  const id = name.includes('|')
    ? serviceId(key, ods.trim().toUpperCase(), team.join('|'))
    : isId(name)
      ? name
      : (await findSystem(db, name))?.service.id;
  const found = id && (await registeredServices(db)).has(id) ? await findService(db, id) : null;
  if (!found) throw new Error(`no registered service "${name}": skein system list names them`);
  return found;
}
