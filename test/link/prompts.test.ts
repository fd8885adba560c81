/** What link makes a prompt of, and of whom: from what its owner may know, as of any day. */
import type { Task } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { keyedId } from '../../src/fhir/ids.ts';
import { link } from '../../src/link/plan.ts';
import type { Service, Statement } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { IdentifiedRecord } from '../../src/store/facts.ts';
import { type Heard, inTwoOrders, PEOPLE, SENDERS } from '../support/any-family.ts';
import {
  episode,
  nhsNumber,
  patient,
  record,
  referral,
  relative,
  resourceStatement,
} from '../support/records.ts';
import { RULES, Store, service, upToRenaming } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const camhs = service(4, 'camhs-0-5');
const charity = service(5, 'third-sector');
const reproductive = { ...service(6, 'maternity'), kind: 'reproductive-health' };
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };

let store: Store;
beforeEach(() => {
  store = new Store();
  asOf('2026-12-31');
});
const asOf = (day: string) => {
  store.rules = { ...store.rules, asOf: `${day}T12:00:00.000Z` };
};
/** Time passes, and what falls due is computed again. */
function later(day: string): void {
  asOf(day);
  store.apply(link(store.rules, store.facts, null, null));
}
const say = (from: Service, day: string, ...statements: Statement[]) =>
  store.hear(from, record(`${day}T10:00:00Z`, statements));
const born = (day = '2026-08-21') =>
  say(
    maternity,
    day,
    patient('patient', BABY),
    relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs }),
  );
const cares = (from: Service, who: typeof BABY, start = '2026-10-01') =>
  say(from, start, patient('patient', who), episode(`E-${who.local}`, 'active', { start }));
const open = () =>
  store
    .all('Task')
    .filter(({ state }) => state === 'prompt')
    .map(({ content, service: owner }) => `${(content as Task).code?.coding?.[0]?.code} ${owner?.slice(-1)}`)
    .sort();
const heard = () =>
  store.events.flatMap(({ code, to }) => (code.startsWith('prompt') ? `${code} ${to}` : []));
const due = () => (store.plan?.due ?? []).map(({ at }) => at.slice(0, 10));

describe('parent in view?', () => {
  it('asks who cares for an infant of whose parents it sees nobody cared for, until it sees that', () => {
    cares(camhs, BABY);
    expect(open()).toEqual(['parent-in-view 4']);
    born();
    expect(open()).toEqual(['parent-in-view 4']);
    cares(perinatal, MOTHER);
    expect(open()).toEqual([]);
    expect(heard()).toEqual([`prompt-raised ${camhs.id}`, `prompt-cleared ${camhs.id}`]);
  });

  it('asks nobody whose own patient a parent is, and nobody of a sector that is not asked', () => {
    born();
    cares(camhs, BABY);
    cares(camhs, MOTHER);
    cares(service(7, 'gp'), BABY);
    expect(open()).toEqual([]);
  });

  it('waits for a day of care, and ends with the journey', () => {
    asOf('2026-10-01');
    cares(camhs, BABY);
    expect([open(), due()]).toEqual([[], expect.arrayContaining(['2026-10-02'])]);
    later('2026-10-03');
    expect(open()).toEqual(['parent-in-view 4']);
    later('2028-08-20');
    expect(open()).toEqual([]);
  });

  it.each([
    ['a charity that she came to by herself', charity],
    ['care of a sealed kind', reproductive],
  ])('is neither cleared nor changed by %s', (_, hidden) => {
    born();
    cares(camhs, BABY);
    const before = store.all('Task').map(({ content }) => content);
    cares(hidden, MOTHER);
    expect(store.all('Task').map(({ content }) => content)).toEqual(before);
    expect(open()).toEqual(['parent-in-view 4']);
  });

  it('asks nothing of an infant who died, nor of one whose mother did', () => {
    born();
    cares(camhs, BABY);
    say(maternity, '2026-11-01', patient('patient', { ...BABY, rest: { deceasedDateTime: '2026-10-30' } }));
    expect(open()).toEqual([]);
    store = new Store();
    born();
    cares(camhs, BABY);
    say(maternity, '2026-11-01', patient('patient', { ...MOTHER, rest: { deceasedDateTime: '2026-10-30' } }));
    expect(open()).toEqual([]);
  });
});

describe('hand over', () => {
  beforeEach(() => {
    born();
    cares(camhs, BABY);
    cares(perinatal, MOTHER);
  });

  it('asks at 20 and at 23 months who cares for the infant or for the mother, each once, until the journey closes', () => {
    const before = heard().filter((one) => one.endsWith(camhs.id)).length;
    expect(due()).toEqual(expect.arrayContaining(['2028-04-20', '2028-07-20', '2028-08-20']));
    for (const [day, owners] of [
      ['2028-04-19', []],
      ['2028-04-20', ['hand-over 3', 'hand-over 4']],
      ['2028-07-19', ['hand-over 3', 'hand-over 4']],
      ['2028-07-20', ['hand-over 3', 'hand-over 4']],
      ['2028-08-20', []],
    ] as const) {
      later(day);
      expect([day, open()]).toEqual([day, owners]);
    }
    // Of each occasion one event when it comes and one when it goes.
    const own = store.events.filter(({ code, to }) => code.startsWith('prompt') && to?.includes(camhs.id));
    expect(own.slice(before).map(({ code }) => code)).toEqual([
      ...['prompt-raised', 'prompt-raised', 'prompt-cleared', 'prompt-cleared'],
    ]);
    expect(new Set(own.slice(before).map(({ focus }) => focus.id)).size).toBe(2);
    const closing = store.events.filter(
      ({ code, stage }) => code === 'stage-changed' && stage === 'after-24m',
    );
    expect(closing).toHaveLength(1);
  });

  it('asks of the mother’s patient only who may know when the infant was born', () => {
    cares(service(8, 'cmht'), MOTHER);
    later('2028-05-01');
    expect(open()).toEqual(['hand-over 3', 'hand-over 4']);
  });

  it('asks nobody after a loss', () => {
    say(maternity, '2026-11-01', patient('patient', { ...BABY, rest: { deceasedDateTime: '2026-10-30' } }));
    later('2028-05-01');
    expect(open()).toEqual([]);
  });
});

describe('referral unanswered', () => {
  const limits = { routine: 28, urgent: 7, asap: 3, stat: 1 };
  const refer = (priority?: 'urgent') => {
    const [request, spell] = referral('R1', perinatal.id) as [Statement, Statement];
    Object.assign(request.resource, { authoredOn: '2026-09-01', ...(priority ? { priority } : {}) });
    say(visiting, '2026-09-01', patient('patient', MOTHER), request, spell);
  };

  it('asks referrer and receiver once the limit of the urgency has passed', () => {
    asOf('2026-09-02');
    refer();
    expect([open(), due()]).toEqual([[], ['2026-09-29', '2026-09-29']]);
    later('2026-09-30');
    expect(open()).toEqual(['referral-unanswered 2', 'referral-unanswered 3']);
    store = new Store();
    asOf('2026-09-09');
    refer('urgent');
    expect(open()).toEqual(['referral-unanswered 2', 'referral-unanswered 3']);
  });

  it('goes by the receiver’s own limit where it has one', () => {
    const id = keyedId(RULES.key, 'service', 'RXP', 'perinatal');
    const services = { 'RXP|perinatal': { routine: 60 } };
    store.rules = {
      ...store.rules,
      prompts: { 'referral-unanswered': { answerWithinDays: limits, services } },
    };
    asOf('2026-10-15');
    const [request, spell] = referral('R1', id) as [Statement, Statement];
    say(visiting, '2026-09-01', patient('patient', MOTHER), request, spell);
    expect(open()).toEqual([]);
    later('2026-11-15');
    expect(open()).toHaveLength(2);
  });

  it('is nobody’s where the rule had switched itself off by then, and stays where it was raised before', () => {
    asOf('2026-10-15');
    store.rules = { ...store.rules, off: new Map([['referral-unanswered', Date.parse('2026-09-20')]]) };
    refer();
    expect(open()).toEqual([]);
    store.rules = { ...store.rules, off: new Map([['referral-unanswered', Date.parse('2026-10-01')]]) };
    later('2026-10-16');
    expect(open()).toHaveLength(2);
  });

  it.each([
    ['accepted', 'waitlist'],
    ['declined', 'cancelled'],
    ['taken up', 'active'],
  ])('is gone once it was %s', (_, status) => {
    refer();
    expect(open()).toHaveLength(2);
    const own = episode('P1', 'active');
    const cites = [{ identifier: { system: 'https://skein.example/Id/referral', value: 'R1' } }];
    Object.assign(own.resource, { status, referralRequest: cites });
    const [request] = store.facts.statements.filter(({ type }) => type === 'ServiceRequest');
    Object.assign(own.resource, { referralRequest: [{ reference: `ServiceRequest/${request?.key}` }] });
    say(perinatal, '2026-10-20', patient('patient', MOTHER), own);
    expect(open()).toEqual([]);
  });

  it('is of nobody where care of the kind began without a word of it', () => {
    refer();
    cares(perinatal, MOTHER);
    expect(open()).toEqual([]);
  });
});

const seen = (id: string, day: string, rest: object = {}, code = 'infant-observed') =>
  resourceStatement(`observation-${id}`, `https://skein.example/Id/observation|${id}`, {
    ...{ resourceType: 'Observation' as const, status: 'final' as const, subject: { reference: '#patient' } },
    ...{ code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/observation', code }] } },
    ...{ effectiveDateTime: day, ...rest },
  });
const visit = (id: string, day: string, focus: string, status: 'finished' | 'planned' = 'finished') => {
  const system = 'https://skein.example/fhir/CodeSystem/care-focus';
  const url = 'https://skein.example/fhir/StructureDefinition/care-focus';
  return resourceStatement(`visit-${id}`, `https://skein.example/Id/visit|${id}`, {
    ...{ resourceType: 'Encounter' as const, status, class: { code: 'HH' }, period: { start: day } },
    ...{ subject: { reference: '#patient' } },
    extension: [{ url, valueCodeableConcept: { coding: [{ system, code: focus }] } }],
  });
};

describe('how is the baby?', () => {
  const baby = () => open().filter((one) => one.startsWith('how'));
  beforeEach(() => {
    asOf('2026-12-01');
    born();
    cares(perinatal, MOTHER);
  });
  const records = (day: string, ...what: Statement[]) =>
    say(perinatal, day, patient('patient', MOTHER), ...what);

  it('is not asked of a service whose system records no such thing', () => {
    expect(baby()).toEqual([]);
  });

  it('is asked once nothing was recorded in 28 days, and gone as the infant is seen', () => {
    records('2026-10-15', visit('1', '2026-10-15', 'infant'));
    expect(baby()).toEqual(['how-is-the-baby 3']);
    const [task] = store.all('Task').filter(({ state }) => state === 'prompt');
    expect(task?.content).toMatchObject({
      authoredOn: '2026-11-12T00:00:00.000Z',
      for: { reference: expect.stringMatching(/^Patient/) },
    });
    records('2026-11-30', visit('2', '2026-11-30', 'together'));
    expect(baby()).toEqual([]);
    later('2026-12-29');
    expect(baby()).toEqual(['how-is-the-baby 3']);
    // What was recorded last was more than 90 days ago: the system does not record such things any more.
    later('2027-03-09');
    expect(baby()).toEqual([]);
  });

  it.each([
    ['a contact for the parent', () => visit('2', '2026-11-30', 'parent')],
    ['one that is to come', () => visit('2', '2026-12-15', 'infant', 'planned')],
  ])('is asked on after %s', (_, what) => {
    records('2026-10-15', visit('1', '2026-10-15', 'infant'));
    records('2026-11-30', what());
    expect(baby()).toEqual(['how-is-the-baby 3']);
  });

  it('is answered by an observation of the infant itself, or a reason for none', () => {
    records('2026-10-15', visit('1', '2026-10-15', 'infant'));
    const reason = { dataAbsentReason: { coding: [{ code: 'not-performed' }] } };
    say(perinatal, '2026-11-25', patient('patient', BABY), seen('1', '2026-11-25', reason));
    expect(baby()).toEqual([]);
  });

  it('goes by what the owner recorded and by nothing that others did', () => {
    records('2026-10-15', visit('1', '2026-10-15', 'infant'));
    const before = baby();
    say(visiting, '2026-11-30', patient('patient', BABY), seen('1', '2026-11-30'));
    say(camhs, '2026-11-30', patient('patient', MOTHER), visit('V', '2026-11-30', 'infant'));
    expect(baby()).toEqual(before);
    expect(before).toHaveLength(1);
  });

  it('is asked where its system recorded of others, from the first look at it since', () => {
    store.rules = { ...store.rules, observes: (by) => by === perinatal.id };
    later('2026-12-02');
    expect(baby()).toEqual(['how-is-the-baby 3']);
    expect(due()).toContain('2026-12-03');
  });

  it('comes again after 28 days where it was answered', () => {
    records('2026-10-15', visit('1', '2026-10-15', 'infant'));
    const [task] = store.all('Task').filter(({ state }) => state === 'prompt');
    const said = answerOf(task?.content as Task, task?.owner ?? '', 0);
    store.apply(link(store.rules, store.facts, said, { systemId: 3, service: perinatal }));
    expect(baby()).toEqual([]);
    later('2026-12-28');
    expect(baby()).toEqual([]);
    later('2026-12-30');
    expect(baby()).toEqual(['how-is-the-baby 3']);
  });

  it('is asked of nobody about an infant who died', () => {
    records('2026-10-15', visit('1', '2026-10-15', 'infant'));
    say(maternity, '2026-11-20', patient('patient', { ...BABY, rest: { deceasedDateTime: '2026-11-19' } }));
    expect(baby()).toEqual([]);
  });
});

describe('partner offer considered?', () => {
  const offer = () => open().filter((one) => one.startsWith('partner'));
  const records = (...what: Statement[]) => say(perinatal, '2026-11-01', patient('patient', MOTHER), ...what);
  beforeEach(() => {
    born();
    cares(perinatal, MOTHER);
  });
  const asked = () => seen('S', '2026-10-20', {}, 'safety-enquiry-alone');

  it('waits until she was asked alone whether she is safe, by the team itself', () => {
    expect(offer()).toEqual([]);
    say(visiting, '2026-10-20', patient('patient', MOTHER), asked());
    expect(offer()).toEqual([]);
    records(asked());
    expect(offer()).toEqual(['partner-offer 3']);
  });

  it.each(['offered', 'she-declined', 'not-safe', 'none', 'unknown', 'later'])(
    'ends with the answer %s',
    (code) => {
      const coding = [{ system: 'https://skein.example/fhir/CodeSystem/prompt-reason', code }];
      records(asked(), seen('P', '2026-10-25', { valueCodeableConcept: { coding } }, 'partner-offer'));
      expect(offer()).toEqual([]);
      // What it answered is nobody's to read.
      expect(
        [...store.views.values()].filter(({ content }) => JSON.stringify(content).includes(code)),
      ).toEqual([]);
    },
  );

  it('is quiet for four weeks after a loss', () => {
    records(asked());
    say(maternity, '2026-12-10', patient('patient', { ...BABY, rest: { deceasedDateTime: '2026-12-08' } }));
    expect(offer()).toEqual([]);
    later('2027-01-06');
    expect(offer()).toEqual(['partner-offer 3']);
  });
});

describe('talk before reassessing', () => {
  const need = { system: 'https://skein.example/fhir/CodeSystem/presenting-need', code: 'complex-needs' };
  const refer = (from: Service, id: string, to: Service, day: string, code = need.code) => {
    const [request, spell] = referral(id, to.id) as [Statement, Statement];
    Object.assign(request.resource, { authoredOn: day, reasonCode: [{ coding: [{ ...need, code }] }] });
    say(from, day, patient('patient', MOTHER), request, spell);
    return request;
  };
  const takeUp = (by: Service, id: string, day: string) => {
    const own = episode(`T${id}`, 'active', { start: day });
    const asked = store.all('ServiceRequest').find(({ service: to }) => to === by.id);
    Object.assign(own.resource, { referralRequest: [{ reference: `ServiceRequest/${asked?.id}` }] });
    say(by, day, patient('patient', MOTHER), own);
  };
  const talk = () => open().filter((one) => one.startsWith('talk'));
  beforeEach(() => asOf('2026-09-20'));

  it('asks who was referred the same person twice for one need in a week, once', () => {
    refer(visiting, 'R1', perinatal, '2026-09-10');
    refer(maternity, 'R2', perinatal, '2026-09-15');
    expect(talk()).toEqual(['talk-before-reassessing 3']);
    expect(due()).toContain('2026-10-13');
    later('2026-10-14');
    expect(talk()).toEqual([]);
  });

  it('asks nobody of another need, or of weeks between', () => {
    refer(visiting, 'R1', perinatal, '2026-09-01');
    refer(maternity, 'R2', perinatal, '2026-09-15');
    refer(maternity, 'R3', perinatal, '2026-09-02', 'moderate-anxiety');
    expect(talk()).toEqual([]);
  });

  it('asks who cares for the person and may know of another’s, not who waits for an answer', () => {
    const cmht = service(7, 'cmht');
    refer(visiting, 'R1', perinatal, '2026-09-10');
    refer(maternity, 'R2', cmht, '2026-09-12');
    expect(talk()).toEqual([]);
    takeUp(cmht, 'R2', '2026-09-13');
    // The perinatal team has not answered: it may know of its own referral and of nothing else.
    expect(talk()).toEqual([]);
    takeUp(perinatal, 'R1', '2026-09-14');
    expect(talk()).toEqual(['talk-before-reassessing 3', 'talk-before-reassessing 7']);
  });

  it('is not moved by a referral of a kind that only its two parties may know', () => {
    refer(visiting, 'R1', perinatal, '2026-09-10');
    takeUp(perinatal, 'R1', '2026-09-11');
    refer(visiting, 'R2', reproductive, '2026-09-12');
    takeUp(reproductive, 'R2', '2026-09-13');
    expect(talk().filter((one) => one.endsWith(' 3'))).toEqual([]);
  });
});

/** What a service says of one of its prompts, as it is kept (pipeline/answer-prompt.ts). */
function answerOf(task: Task, chart: string, minute: number): IdentifiedRecord {
  const saidAt = new Date(Date.parse('2026-12-01') + minute * 60_000).toISOString();
  const content: Task = { ...task, status: minute % 2 ? 'completed' : 'cancelled', lastModified: saidAt };
  const key = keyedId(RULES.key, 'prompt-answer', task.id as string);
  const statement = { key, type: 'Task', chart, ref: null, local: 'task', nulls: [], content };
  const of = { position: '', saidAt, stamp: `${saidAt}|${saidAt}||`, mapping: 'prompt@1', lineage: [] };
  return { ...of, mode: 'snapshot', statements: [statement] };
}

/** A birth, and the mother's team since. */
const mothers = (): Heard[] => {
  const of = (n: number) => patient('patient', { ...PEOPLE[n], local: `H${n}` });
  const bears = relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: PEOPLE[0]?.nhs ?? '' });
  const cares = episode('L0', 'active', { start: '2027-09-01' });
  return [
    [SENDERS[0] as Service, record('2026-08-21T10:00:00Z', [of(3), bears], 'delta')],
    [SENDERS[2] as Service, record('2027-09-01T10:00:00Z', [of(0), cares], 'delta')],
  ];
};
/** What her team sees and asks, of a mother or of an infant. */
const looks = fc.array(
  fc
    .record({ who: fc.constantFrom(0, 0, 2, 3, 4), what: fc.nat(3), day: fc.integer({ min: 10, max: 28 }) })
    .map(({ who, what, day }): Heard => {
      const at = `2028-03-${day}`;
      const whom = patient('patient', { ...PEOPLE[who], local: `H${who}` });
      const looked = [
        visit(`${who}.${day}`, at, 'infant'),
        seen(`${who}.${day}`, at),
        seen(`S${who}.${day}`, at, {}, 'safety-enquiry-alone'),
        episode(`L${who}`, 'active', { start: '2027-09-01' }),
      ][what] as Statement;
      return [SENDERS[2] as Service, record(`${at}T10:00:00Z`, [whom, looked], 'delta')];
    }),
  { maxLength: 5 },
);

type Said = [from: Service, record: IdentifiedRecord];
/** Answers of some owners to what they are asked in the end. */
function answersIn(one: Store, most: number): Said[] {
  const asked = one.all('Task').filter(({ state }) => state === 'prompt');
  return asked.slice(0, most).map(({ content, owner, service: id }, minute): Said => {
    return [SENDERS.find((one) => one.id === id) as Service, answerOf(content as Task, owner ?? '', minute)];
  });
}

it('a family has the same prompts in any order, its owners’ answers among the messages, and in a recomputation', () => {
  const met = { asked: 0, answered: 0, babies: 0 };
  const tell = (heard: (Heard | Said)[]) => {
    const one = new Store();
    one.rules = { ...one.rules, asOf: '2028-05-01T00:00:00.000Z' };
    for (const [from, what] of heard) {
      const sender = { systemId: Number(from.id.slice(-1)), service: from };
      if ('stamp' in what) one.apply(link(one.rules, one.facts, structuredClone(what), sender));
      else one.hear(from, structuredClone(what));
    }
    return one;
  };
  fc.assert(
    fc.property(inTwoOrders, looks, fc.nat(4), fc.nat(20), ([heard, mixed], seenSince, most, place) => {
      const looked = [...mothers(), ...seenSince];
      const [told, shuffled] = [
        [...heard, ...looked],
        [...looked.toReversed(), ...mixed],
      ];
      const answers = answersIn(tell(told), most);
      for (const [, { statements }] of answers)
        if (JSON.stringify(statements).includes('how-is-the-baby')) met.babies += 1;
      met.answered += answers.length;
      const one = tell([...told, ...answers]);
      const other = tell([...shuffled.slice(0, place), ...answers, ...shuffled.slice(place)]);
      met.asked += one.all('Task').filter(({ state }) => state === 'prompt').length;
      expect(upToRenaming(other)).toEqual(upToRenaming(one));
      expect(isEmpty(link(other.rules, other.facts, null, null))).toBe(true);
      for (const [, { statements }] of answers) {
        const [{ content } = { content: null }] = statements;
        expect(one.all('Task').find(({ id }) => id === content?.id)?.state).toBe('prompt-answered');
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 80) },
  );
  expect([met.asked > 20, met.answered > 20, met.babies > 0]).toEqual([true, true, true]);
}, 60_000);
