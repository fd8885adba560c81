/** Which senders of HL7 v2 may write anything in MSH-3 and MSH-4. */
import { isUnknown, listSystems } from '../access/register/systems.ts';
import type { Context } from '../context.ts';
import type { Mappings } from '../map/language/load-mappings.ts';

/**
 * One line that names the systems with a mapping of HL7 v2 and without registered values of MSH-3 and MSH-4.
 * None without authentication (AUTH=none), where those fields say who sends.
 */
export async function describeUnbound({ config, db }: Context, mappings: Mappings): Promise<string[]> {
  if (config.AUTH === 'none') return [];
  const unbound = (await listSystems(db))
    .filter(({ service, disabled, msh = [] }) => !disabled && msh.length === 0 && !isUnknown(service))
    .filter(({ source }) => mappings.of(source ?? '').some(({ kind }) => kind === 'hl7v2'));
  if (unbound.length === 0) return [];
  const names = unbound.map(({ name }) => name).join(', ');
  return [`may write anything in MSH-3 and MSH-4: ${names} (skein system set --name NAME --msh …)`];
}
