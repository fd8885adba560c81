/**
 * Numbers that tracing found (ADR 19): each is kept as a statement of Skein's own about one chart, of which
 * the last said stands. It makes that chart's number verified for as long as the chart says the same of
 * itself, with the weight that the word of the chart's own sender has.
 */
import type { Linkage, Patient } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { VERIFIED_NUMBER } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER, SKEIN_DEFINITIONS, SUPERSEDED_NUMBER } from '../../fhir/systems.ts';
import { normaliseName } from '../../match/names.ts';
import type { Evidence } from '../../model.ts';
import type { IdentifiedStatement, Rules, StatementState } from '../../store/facts.ts';
import { isImplicit } from '../fold.ts';
import { givenNames, type PatientState } from './charts.ts';
import { claimKey, joiningKey, numberKey } from './keys.ts';
import { type LifeCycle, numberOf } from './life-cycle.ts';

/** The sector under which Skein keeps what tracing found; no system can be registered with it. */
export const TRACER = 'tracing';

/**
 * `replaced`: the number that the chart gave, where the national record answered under another. A trace that
 * is `undone` says nothing any more.
 */
export type Trace = { chart: string; number: string; replaced?: string; undone?: boolean };

const VERDICT = `${SKEIN_DEFINITIONS}trace-verdict`;
const BASIS = `${SKEIN_DEFINITIONS}trace-basis`;
const REPLACED = `${SKEIN_DEFINITIONS}trace-replaced`;
export const traceKey = (key: Buffer, chart: string): string => keyedId(key, 'trace', chart);

/** A trace of a chart that says `content` of itself. */
export function traceOf(key: Buffer, trace: Trace, content: Patient): IdentifiedStatement {
  const { chart, number, replaced, undone = false } = trace;
  const said: Linkage = {
    resourceType: 'Linkage',
    extension: [
      { url: VERDICT, valueCode: undone ? 'undone' : 'traced' },
      { url: BASIS, valueId: basisOf(key, content) },
      ...(replaced === undefined ? [] : [{ url: REPLACED, valueString: replaced }]),
    ],
    item: [
      { type: 'source', resource: { reference: `Patient/${chart}` } },
      { type: 'alternate', resource: { identifier: { system: NHS_NUMBER, value: number } } },
    ],
  };
  return {
    ...{ key: traceKey(key, chart), type: 'Linkage', chart, ref: numberKey(number, key) },
    ...{ aliases: [joiningKey(number, key)], local: 'trace', nulls: [], content: said },
  };
}

/** What joins charts under one number, too: given name and birth date. A family name changes every day. */
function basisOf(key: Buffer, patient: Patient): string {
  const [given = ''] = normaliseName(givenNames(patient)[0] ?? '').split(' ');
  return keyedId(key, 'trace-basis', given, patient.birthDate ?? '');
}

/** What tracing finds counts, by policy/evidence.yaml. */
export const countsTraces = ({ weights }: Evidence): boolean => weights.get(TRACER)?.number === 'establishes';

/**
 * The same statements where nothing was traced. Whoever's sender gives a verified number, or another one,
 * goes by that; nobody is led to a number that is invalid or of a changed identity.
 */
export function withTraces(
  states: StatementState[],
  life: Pick<LifeCycle, 'invalid' | 'frozen'>,
  { key, evidence }: Pick<Rules, 'key' | 'evidence'>,
): StatementState[] {
  if (!countsTraces(evidence)) return states;
  const traces = new Map(
    states
      .filter((one) => one.type === 'Linkage' && one.sector === TRACER && partOf(one, VERDICT) === 'traced')
      .map((one) => [one.chart, one]),
  );
  if (traces.size === 0) return states;
  return states.map((state) => {
    const trace = state.type === 'Patient' ? traces.get(state.key) : undefined;
    if (!trace || state.ref !== null || isImplicit(state)) return state;
    const chart = state as PatientState;
    const number = numberIn(trace);
    const own = numberOf(chart.content);
    const holds =
      partOf(trace, BASIS) === basisOf(key, chart.content) &&
      [undefined, number, partOf(trace, REPLACED)].includes(own) &&
      !life.invalid.has(numberKey(number, key)) &&
      !life.frozen.has(numberKey(number, key));
    const ref = holds
      ? claimKey(number, { key, weight: evidence.weights.get(chart.sector ?? '') ?? null })
      : null;
    return ref === null ? state : asTraced(chart, { ref, number, by: trace.service });
  });
}

function asTraced(
  chart: PatientState,
  { ref, number, by }: { ref: string; number: string; by: string },
): PatientState {
  const { content } = chart;
  const others = (content.identifier ?? []).filter(({ system }) => system !== NHS_NUMBER);
  const identifier = [{ system: NHS_NUMBER, value: number, extension: [VERIFIED_NUMBER] }, ...others];
  const own = numberOf(content);
  const said =
    own === undefined || own === number
      ? content
      : {
          ...content,
          identifier: [{ use: 'old' as const, system: SUPERSEDED_NUMBER, value: own }, ...others],
        };
  return { ...chart, ref, content: { ...content, identifier }, traced: { by, said } };
}

function partOf({ content }: StatementState, url: string): string | undefined {
  const part = (content as Linkage).extension?.find((one) => one.url === url);
  return part?.valueCode ?? part?.valueId ?? part?.valueString;
}

const numberIn = ({ content }: StatementState): string =>
  (content as Linkage).item[1]?.resource.identifier?.value ?? '';
