/**
 * National signals (mappings/mns): a number was replaced or is invalid, somebody died, a proxy changed. Each
 * is kept as a Basic about a number, and is of nobody: what it means is decided from all that is known of
 * that number (life-cycle.ts).
 */
import type { Basic } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { NHS_NUMBER, SIGNAL_SYSTEM, SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { Evidence, Issue, Statement } from '../../model.ts';
import type { IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { joiningKey, numberKey, type Scope } from './keys.ts';

export type Signal = StatementState & { content: Basic };
export type SignalCode = 'number-change' | 'death' | 'proxy-role' | 'other';

const STATUS = `${SKEIN_DEFINITIONS}number-status`;
const CAUSE = `${SKEIN_DEFINITIONS}number-change-cause`;
const REPLACED_BY = `${SKEIN_DEFINITIONS}number-replaced-by`;
/** Of a death: `informal` where no registrar has said so yet. */
const DEATH_NOTICE = `${SKEIN_DEFINITIONS}death-notice`;

const numberIn = ({ subject }: Basic): string => subject?.identifier?.value ?? '';
const extensionOf = ({ extension }: Basic, url: string) => extension?.find((one) => one.url === url);
export const codeOf = ({ code }: Basic): SignalCode => code.coding?.[0]?.code as SignalCode;

/** What it says of its number: each part where any signal of that number ever said it. */
export function readSignal({ content }: Signal) {
  return {
    number: numberIn(content),
    status: extensionOf(content, STATUS)?.valueCode,
    cause: extensionOf(content, CAUSE)?.valueCode,
    replacedBy: extensionOf(content, REPLACED_BY)?.valueIdentifier?.value,
    informal: extensionOf(content, DEATH_NOTICE)?.valueCode === 'informal',
  };
}

const signalOf = (code: SignalCode, number: string, rest: Partial<Basic>): Basic => ({
  resourceType: 'Basic',
  code: { coding: [{ system: SIGNAL_SYSTEM, code }] },
  subject: { identifier: { system: NHS_NUMBER, value: number } },
  ...rest,
});

/** `day`: when whoever has the number died. */
export const deathSignal = (number: string, { day, formal }: { day: string; formal: boolean }): Basic =>
  signalOf('death', number, {
    created: day,
    ...(formal ? {} : { extension: [{ url: DEATH_NOTICE, valueCode: 'informal' }] }),
  });

export const replacedSignal = (number: string, by: string): Basic =>
  signalOf('number-change', number, {
    extension: [
      { url: STATUS, valueCode: 'R' },
      { url: REPLACED_BY, valueIdentifier: { system: NHS_NUMBER, value: by } },
    ],
  });

export const isNational = (sector: string | null, { weights }: Evidence): boolean =>
  weights.get(sector ?? '')?.contest === 'everything';

/**
 * Signals of systems that the operator registered as national, in the order in which they were first heard.
 */
export const signalsIn = (states: StatementState[], evidence: Evidence): Signal[] =>
  states
    .filter((state): state is Signal => state.type === 'Basic')
    .filter(({ sector }) => isNational(sector, evidence));

/**
 * Keys of a signal: it is found from the charts that have its number, or the one that came in its place. Of a
 * sender whose word does not supersede numbers it is stored, and found from nowhere.
 */
export function identifySignal(
  { local, resource, nulls }: Statement,
  scope: Pick<Scope, 'key' | 'systemId' | 'weight'>,
): IdentifiedStatement {
  const content = resource as Basic;
  const { key, systemId, weight } = scope;
  const number = numberIn(content);
  const counts = weight?.contest === 'everything';
  const { replacedBy } = readSignal({ content } as Signal);
  const names = [number, ...(replacedBy ? [replacedBy] : [])];
  const aliases = [
    ...names.map((one) => joiningKey(one, key)),
    ...names.slice(1).map((one) => numberKey(one, key)),
  ];
  return {
    key: keyedId(key, 'Basic', String(systemId), number, codeOf(content)),
    type: 'Basic',
    chart: counts ? numberKey(number, key) : keyedId(key, 'signal', String(systemId), number),
    ref: null,
    ...(counts ? { aliases } : {}),
    local,
    nulls: nulls ?? [],
    content,
  };
}

/** The same whatever the number is, and whether or not anybody has it. */
export const UNHEEDED: Issue = {
  severity: 'warning',
  code: 'business-rule',
  expression: 'Basic',
  text: 'a signal changes what is known of a number where a system registered as national sends it: this one is stored, and changes nothing',
};
