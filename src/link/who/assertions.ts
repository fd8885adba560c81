import type { Assertion, IdentifiedRecord } from '../../store/facts.ts';
import { isCompatible, type Pair, type PatientState, type Person } from './charts.ts';
import type { Decisions } from './decided.ts';
import type { LifeCycle } from './life-cycle.ts';
import type { Contest } from './numbers.ts';
import { codeOf, readSignal } from './signals.ts';

type Identified = {
  decisions: Pick<Decisions, 'same'>;
  persons: Person[];
  disputed: Disputed[];
  contests: Contest[];
  doubted: Record<'old' | 'into', { key: string }>[];
};

/** Who is one person and why, and what is doubted of it. */
export function identityAssertions({
  persons,
  disputed,
  contests,
  doubted,
  decisions,
}: Identified): Assertion[] {
  return [
    ...persons.flatMap((person) => sameness(person, decisions.same)),
    ...disputed.map(dispute),
    ...contests.map(contest),
    ...doubted.map(doubt),
  ];
}

function sameness({ charts }: Person, decided: Pair[]): Assertion[] {
  const [first, ...rest] = charts;
  const isDecided = ({ key }: PatientState) => decided.some((pair) => pair.includes(key));
  return rest.map((chart) => ({
    ...{ kind: 'same' as const, a: first?.key ?? '', b: chart.key },
    ...(isDecided(chart)
      ? { method: 'people', evidence: { rule: 'people decided so' } }
      : first && chart.ref !== null && chart.ref === first.ref
        ? { method: 'nhs-number', evidence: { rule: ruleOf(chart, charts) } }
        : { method: 'sender', evidence: { rule: 'merged by their sender, or one with such a chart' } }),
  }));
}

const ruleOf = (one: PatientState, charts: PatientState[]): string =>
  charts.some(({ ref, traced }) => ref === one.ref && traced)
    ? 'traced number, birth date and given name agree'
    : charts.every(({ ref, content }) => ref !== one.ref || isCompatible(one.content, content))
      ? 'verified number, birth date and given name agree'
      : 'renamed: verified number and birth date agree, and one infant was born';

type Disputed = { ref: string; charts: { systemId: number }[] };
const systemsOf = (charts: { systemId: number }[]): string =>
  [...new Set(charts.map(({ systemId }) => systemId))].sort((a, b) => a - b).join();

const dispute = ({ ref, charts }: Disputed): Assertion => ({
  kind: 'disputed-number',
  a: ref,
  b: null,
  method: 'nhs-number',
  evidence: {
    rule: 'claimed with incompatible birth dates or given names',
    systems: systemsOf(charts),
  },
});

/** Of who may not suspend: it waits for people, and changes nothing for the rest. */
const contest = ({ ref, chart, against }: Contest): Assertion => ({
  kind: 'disputed-number',
  a: ref,
  b: chart.key,
  method: 'contest',
  evidence: {
    rule: 'claimed against those who outrank the sender',
    systems: systemsOf([chart, ...against]),
  },
});

const doubt = ({ old, into }: Record<'old' | 'into', { key: string }>): Assertion => ({
  kind: 'possible-same',
  a: old.key,
  b: into.key,
  method: 'sender',
  evidence: { reason: 'merged by their sender, though verified number, birth date or twin is another' },
});

/** Of a number that people have to look at, since a national signal says too little of it; and of a proxy. */
export function signalAssertions({ signals, invalid, waiting, keysOf }: LifeCycle): Assertion[] {
  return signals.flatMap((signal): Assertion[] => {
    const { number } = readSignal(signal);
    const [key = ''] = keysOf(number);
    const about = (kind: Assertion['kind'], rule: string): Assertion[] => [
      { kind, a: key, b: null, method: 'signal', evidence: { rule, systems: String(signal.systemId) } },
    ];
    switch (codeOf(signal.content)) {
      case 'number-change':
        if (invalid.has(key)) return about('disputed-number', 'invalidated nationally, without a cause');
        return waiting.has(number) ? about('disputed-number', WAITING) : [];
      case 'proxy-role':
        return about('possible-parent', 'a proxy changed nationally: a suggestion, and no relation');
      default:
        return [];
    }
  });
}

const WAITING = 'replaced nationally: by which number is not said, or its charts contradict it';

/** Assertions about keys this record speaks of; the rest were made when theirs arrived. */
export function isNews(record: IdentifiedRecord | null) {
  const keys = new Set((record?.statements ?? []).flatMap(({ key, chart, ref }) => [key, chart, ref]));
  return ({ a, b }: Assertion) => record !== null && (keys.has(a) || keys.has(b));
}
