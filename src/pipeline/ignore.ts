/** What a system's feed rule leaves out: a count and a time of it are kept, and nothing else. */
import type { Context } from '../context.ts';
import { HL7_TYPE, readHeader } from '../formats/hl7v2.ts';
import type { Mapping } from '../map/language/load-mappings.ts';
import type { Answer, Issue, Message } from '../model.ts';
import { answerEarlier } from '../save/load.ts';
import { countIgnored } from '../save/maintenance-sql.ts';
import { NOTHING, save } from '../save/save.ts';
import { withMessage } from './with-message.ts';

/** Bytes of MSH up to its type: most messages need not be decoded to see that no rule is about them. */
const LONGEST_HEADER = 2_048;
/** Acknowledgements: of any system, and never answered. */
const ANSWERS = ['ACK', 'MCF'];

/**
 * The rule (`ORU`, `ADT^A60`) by which this message is left out; null where there is none. What a mapping
 * reads has a meaning here and is never left out, whatever was true when the rule was made.
 */
export function ruleOf({ system, contentType, body }: Message, mappings: Mapping[]): string | null {
  if (contentType !== HL7_TYPE) return null;
  const rules = [...(system.ignore ?? []), ...ANSWERS];
  const head = body.subarray(0, LONGEST_HEADER).toString('latin1');
  if (!rules.some((rule) => head.includes(rule.slice(0, 3)))) return null;
  const header = readHeader(body);
  const [code, trigger] = [header?.get(9) ?? '', header?.get(9, 2) ?? ''];
  if (mappings.some(({ takes }) => takes[code]?.includes(trigger))) return null;
  return rules.find((rule) => rule === code || rule === `${code}^${trigger}`) ?? null;
}

const IGNORED: Issue = {
  severity: 'information',
  code: 'informational',
  text: 'left out by the feed rule of its system',
};

/** Counted, durably, before it is acknowledged. One that was held before the rule waits no longer. */
export async function ignore(
  ctx: Context,
  message: Message,
  rule: string,
  options: { replay?: boolean },
): Promise<Answer> {
  const { system, identifier } = message;
  if (options.replay) return settleHeld(ctx, message);
  await countIgnored(ctx.db, system.id, rule);
  const flags = { duplicate: false, conflict: false };
  return { messageId: '', identifier, status: 'ignored', units: [], ...flags };
}

function settleHeld(ctx: Context, message: Message): Promise<Answer> {
  return withMessage(ctx, message, async (client, earlier) => {
    const known = answerEarlier(earlier, message, { replay: true });
    if (known) return known;
    const status = 'accepted' as const;
    const units = [{ position: '', status, issues: [IGNORED] }];
    const kept = { messageId: earlier?.messageId ?? null, message: earlier ? null : message };
    const messageId = await save(client, ctx, {
      ...NOTHING,
      ...kept,
      answer: { message, status, units },
    });
    const { identifier } = message;
    return { messageId, identifier, status, units, duplicate: false, conflict: false };
  });
}
