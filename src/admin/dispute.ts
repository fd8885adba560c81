/** `skein person dispute`: that the patient says that something is not right. Ids only. */
import type { Context } from '../context.ts';
import { rejected } from '../errors.ts';
import { sayDispute } from '../pipeline/safety.ts';
import { findSubject } from '../save/safety.ts';
import type { Done } from './command.ts';

export const DISPUTABLE = ['Patient', 'EpisodeOfCare', 'Encounter', 'ServiceRequest'];

/** `reference`: `Type/id`. Throws Rejected 422 where there is no such resource, or nothing would change. */
export async function disputeResource(
  ctx: Context,
  reference: string,
  { by, withdrawn }: { by: string; withdrawn: boolean },
): Promise<Done> {
  const [type = '', id = ''] = reference.split('/');
  const person = await findSubject(ctx.db, type, id);
  if (person === null) throw refusal('not-found', 'there is no such resource');
  const message = await sayDispute(ctx, person, { service: null, by, resource: reference, withdrawn });
  if (!message)
    throw refusal('business-rule', withdrawn ? 'you did not dispute it' : 'it is disputed already');
  const said = withdrawn ? 'no longer marked' : 'marked as disputed by the patient, for all who may see it';
  return { data: { resource: reference, person, message }, text: `${said}\n` };
}

const refusal = (code: 'not-found' | 'business-rule', text: string) => rejected(422, code, text);
