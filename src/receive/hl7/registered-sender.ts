/**
 * A certificate or a token says which system sends; MSH-3 and MSH-4 say which application and facility wrote
 * the message. Where a system is registered with those (`skein system set --msh`), anything else is refused.
 */
import type { Context } from '../../context.ts';
import { type Header, HL7_TYPE, readHeader } from '../../formats/hl7v2.ts';
import { originValue } from '../../formats/hl7v2-origin.ts';
import type { Answer, Issue, Message, System } from '../../model.ts';
import { countUnregistered } from '../../observe/metrics.ts';

type Field = 'MSH-3' | 'MSH-4';

/**
 * The answer to a message that its system may not write: rejected, and kept nowhere; counted, with one line
 * in the log that names system and field. Null where it may be taken, which it always may without
 * authentication (AUTH=none).
 */
export function refuseUnregistered({ config, log }: Context, message: Message): Answer | null {
  const { system, channel, contentType, body, identifier } = message;
  if (config.AUTH === 'none' || contentType !== HL7_TYPE) return null;
  const field = unregisteredField(system, readHeader(body));
  if (!field) return null;
  countUnregistered({ system: system.name, channel, field });
  log.warn({ event: 'sender.refused', system: system.name, channel, reason: `${field} is not registered` });
  const status = 'rejected' as const;
  const units = [{ position: '', status, issues: [issueOf(system, field)] }];
  return { messageId: '', identifier, status, units, duplicate: false, conflict: false };
}

/**
 * The first field by which a message is none of its system's. A name (HD.1) and a universal id (HD.2) count
 * alike, in capitals and without spaces around. A header that cannot be read says nothing, and is MSH-3.
 */
function unregisteredField({ msh = [] }: System, header: Header | null): Field | null {
  if (msh.length === 0) return null;
  const said = (field: number) => [1, 2].map((part) => originValue(header?.get(field, part) ?? ''));
  const [applications, facilities] = [said(3), said(4)];
  const rows = msh.map((row) => row.split('|') as [string, string]);
  const known = rows.filter(([application]) => applications.includes(application));
  if (known.length === 0) return 'MSH-3';
  return known.some(([, facility]) => facility === '*' || facilities.includes(facility)) ? null : 'MSH-4';
}

// What the message says is not repeated inside the command: somebody will paste it into a shell.
function issueOf({ name }: System, field: Field): Issue {
  const part = field === 'MSH-3' ? 'sending application' : 'sending facility';
  const text =
    `${field} is no ${part} registered for ${name}: not stored. Where it is right, the operator here adds ` +
    `it to those of skein system list: skein system set --name ${name} --msh 'APPLICATION|FACILITY,…'`;
  return { severity: 'error', code: 'forbidden', field, text };
}
