/** What referrer and receiver read of a referral, from the day it was sent. */
import type { Encounter, EpisodeOfCare, ServiceRequest, Task } from '@medplum/fhirtypes';
import { beforeEach, expect, it } from 'vitest';
import type { Service, Statement } from '../../src/model.ts';
import { episode, nhsNumber, patient, record, referral } from '../support/records.ts';
import { Store, service } from './store.ts';

const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const camhs = service(4, 'camhs-0-5');
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };

let store: Store;
beforeEach(() => {
  store = new Store();
  say(visiting, '2026-09-01', ...referral('R1', perinatal.id));
});
const say = (from: Service, day: string, ...statements: Statement[]) =>
  store.hear(from, record(`${day}T10:00:00Z`, [patient('patient', MOTHER), ...statements]));
const cited = () => ({ reference: `ServiceRequest/${store.all('ServiceRequest')[0]?.id}` });
/** What the service that was asked says of its own spell, citing the referral. */
function answer(status: EpisodeOfCare['status'], period?: EpisodeOfCare['period']): Statement {
  const { resource, ...rest } = episode('P1', 'active');
  const made = { ...(resource as EpisodeOfCare), status, referralRequest: [cited()] };
  const { period: _none, ...undated } = made;
  return { ...rest, resource: period ? { ...undated, period } : undated };
}
/** Apart from prompts: it has long waited, as of the day that it is asked. */
const tasks = () =>
  store
    .all('Task')
    .map((view) => ({ ...view, content: view.content as Task }))
    .filter(({ content }) => content.intent === 'order');
const stepsOf = ({ content: { output = [] } }: { content: Task }) =>
  output.map(
    ({ type, valueDateTime, extension = [] }) =>
      `${type.coding?.[0]?.code} ${valueDateTime?.slice(0, 10)} ${extension.map(({ valueReference, valueBoolean }) => valueReference?.reference?.slice(-1) ?? valueBoolean)}`,
  );

it('begins as sent and stored, for the two parties', () => {
  const [task] = tasks();
  expect(task?.content).toMatchObject({
    status: 'requested',
    businessStatus: { coding: [{ code: 'stored' }] },
  });
  expect([task?.authors, task?.service]).toEqual([[visiting.id], perinatal.id]);
  expect(task && stepsOf(task)).toEqual(['sent 2026-09-01 2', 'stored 2026-11-01 ']);
});

it('goes on with what the service says of it: received, accepted, care begun; what comes of that care is no part of it', () => {
  say(perinatal, '2026-09-02', answer('planned'));
  expect(tasks().map(({ content }) => content.status)).toEqual(['received']);
  say(perinatal, '2026-09-05', answer('waitlist'));
  expect(tasks().map(({ content }) => content.status)).toEqual(['accepted']);
  say(perinatal, '2026-09-20', answer('active', { start: '2026-09-18' }));
  expect(tasks().map(({ content }) => content.status)).toEqual(['completed']);
  say(perinatal, '2026-10-20', answer('finished', { start: '2026-09-18', end: '2026-10-19' }));
  expect(tasks().map(({ content }) => content.status)).toEqual(['completed']);
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual(['care-begun 2026-09-18 3']);
});

it('says when it was declined, and redirected by a referral made out of it', () => {
  say(perinatal, '2026-09-03', answer('cancelled'));
  expect(tasks().map(({ content }) => content.status)).toEqual(['rejected']);
  const [request, spell] = referral('R2', camhs.id) as [Statement, Statement];
  const basedOn = { ...(request.resource as ServiceRequest), basedOn: [cited()], authoredOn: '2026-09-04' };
  say(perinatal, '2026-09-04', { ...request, resource: basedOn }, spell);
  const [first, second] = tasks();
  expect(first && stepsOf(first).slice(2)).toEqual(['declined 2026-09-03 3', 'redirected 2026-09-04 3']);
  expect(second?.content.status).toBe('requested');
});

it('is redirected by nobody else, nor by a referral of somebody else', () => {
  const [request, spell] = referral('R3', perinatal.id) as [Statement, Statement];
  const basedOn = { ...(request.resource as ServiceRequest), basedOn: [cited()] };
  say(camhs, '2026-09-04', { ...request, resource: basedOn }, spell);
  const other = patient('patient', { ...MOTHER, nhs: nhsNumber(5), given: 'Ruth', local: 'M5' });
  store.hear(visiting, record('2026-09-05T10:00:00Z', [other, { ...request, resource: basedOn }, spell]));
  expect(tasks().flatMap(stepsOf).join()).not.toContain('redirected');
});

it('is marked where care began without a word of it, and ends where it is withdrawn', () => {
  say(perinatal, '2026-09-20', episode('P9', 'active', { start: '2026-09-18' }));
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual(['care-begun 2026-09-18 3,true']);
  store = new Store();
  say(visiting, '2026-09-01', ...referral('R1', perinatal.id));
  say(visiting, '2026-09-02', ...referral('R1', perinatal.id, 'revoked'));
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual(['withdrawn 2026-09-02 2']);
});

const STEP = 'https://skein.example/fhir/CodeSystem/referral-step';
const LISTS = 'https://perinatal.example/reasons';
/** Declined, and why: codes and words as the service that was asked sent them. */
function declined(code: string, system = LISTS): Statement {
  const said = answer('cancelled');
  const valueCodeableConcept = { coding: [{ system, code }], text: 'Outside our area' };
  const url = 'https://skein.example/fhir/StructureDefinition/decline-reason';
  return {
    ...said,
    resource: { ...said.resource, extension: [{ url, valueCodeableConcept }] } as EpisodeOfCare,
  };
}
function contact(id: string, start: string, rest: Partial<Encounter> = {}): Statement {
  return {
    local: 'contact',
    identifier: `https://skein.example/Id/contact|${id}`,
    resource: {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'HH' },
      subject: { reference: '#patient' },
      period: { start },
      ...rest,
    },
  };
}
const basedOn = (id: string, to: string, on: string, rest: Partial<ServiceRequest> = {}): Statement[] => {
  const [request, spell] = referral(id, to) as [Statement, Statement];
  const resource = { ...(request.resource as ServiceRequest), basedOn: [cited()], authoredOn: on, ...rest };
  return [{ ...request, resource }, spell];
};
const firstAsked = ({ content: { extension = [] } }: { content: Task }) =>
  extension.map(({ valueDateTime }) => valueDateTime?.slice(0, 10));

it('says why it was declined as the service said it, and no more once it is taken on after all', () => {
  say(perinatal, '2026-09-03', declined('out-of-area'));
  const [task] = tasks();
  expect(task && stepsOf(task).slice(2)).toEqual(['declined 2026-09-03 3']);
  expect(task?.content.statusReason).toEqual({
    coding: [{ system: LISTS, code: 'out-of-area' }],
    text: 'Outside our area',
  });
  say(perinatal, '2026-09-05', answer('waitlist'));
  expect(tasks().map(({ content: { status, statusReason } }) => [status, statusReason])).toEqual([
    ['accepted', undefined],
  ]);
});

it('is signposted where that is why it was declined', () => {
  say(perinatal, '2026-09-03', declined('signposted', STEP));
  const [task] = tasks();
  expect(task?.content).toMatchObject({
    status: 'rejected',
    businessStatus: { coding: [{ code: 'signposted' }] },
  });
  expect(task && stepsOf(task).slice(2)).toEqual(['signposted 2026-09-03 3']);
});

it('is assessed at the first contact for it that was kept, of the service that was asked', () => {
  say(perinatal, '2026-09-05', answer('waitlist'));
  const of = (id: string, start: string, rest: Partial<Encounter> = {}) =>
    contact(id, start, { basedOn: [cited()], ...rest });
  say(camhs, '2026-09-06', of('X1', '2026-09-06T09:00:00Z'));
  say(perinatal, '2026-09-12', of('C0', '2026-09-11T09:00:00Z', { status: 'cancelled' }));
  expect(tasks().flatMap(stepsOf).join()).not.toContain('assessed');
  say(perinatal, '2026-09-20', of('C2', '2026-09-19T09:00:00Z'));
  say(perinatal, '2026-09-21', of('C1', '2026-09-12T09:00:00Z'));
  expect(tasks().map(({ content }) => content.status)).toEqual(['in-progress']);
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual(['accepted 2026-09-05 3', 'assessed 2026-09-12 3']);
});

it('is assessed, as far as can be told, at a contact that cites nothing where the service has no other care of the person', () => {
  say(perinatal, '2026-09-05', answer('waitlist'));
  say(perinatal, '2026-09-06', contact('C0', '2026-08-12T09:00:00Z'));
  say(perinatal, '2026-09-13', contact('C1', '2026-09-12T09:00:00Z'));
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual(['accepted 2026-09-05 3', 'assessed 2026-09-12 3,true']);
  say(perinatal, '2026-09-14', episode('P8', 'active', { start: '2026-01-01' }));
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual(['accepted 2026-09-05 3']);
});

it('keeps when it was accepted where care has begun since and its service says so', () => {
  const { resource, ...rest } = answer('active', { start: '2026-09-18' });
  const statusHistory = [
    { status: 'planned', period: { start: '2026-09-02' } },
    { status: 'waitlist', period: { start: '2026-09-04', end: '2026-09-18' } },
  ];
  say(perinatal, '2026-09-20', { ...rest, resource: { ...resource, statusHistory } as EpisodeOfCare });
  expect(tasks().flatMap(stepsOf).slice(2)).toEqual([
    'received 2026-09-02 3',
    'accepted 2026-09-04 3',
    'care-begun 2026-09-18 3',
  ]);
});

it('counts from the first referral that it goes on from, by either party of that one', () => {
  say(perinatal, '2026-09-03', answer('cancelled'));
  say(visiting, '2026-09-05', ...basedOn('R2', camhs.id, '2026-09-05'));
  expect(tasks().map(firstAsked)).toEqual([[], ['2026-09-01']]);
  const stranger = service(6, 'gp');
  say(stranger, '2026-09-06', ...basedOn('R3', camhs.id, '2026-09-06'));
  expect(tasks().map(firstAsked)).toEqual([[], ['2026-09-01'], []]);
});

it('counts from the first that its sender called by the same identifier, whatever came first', () => {
  const again = (): [string, Statement[]][] => [
    ['2026-09-08', referral('R9', perinatal.id)],
    ['2026-09-15', referral('R9', camhs.id).map((one) => ({ ...one, identifier: `${one.identifier}-b` }))],
  ];
  const identifier = [{ system: 'https://skein.example/Id/ubrn', value: '000049999999' }];
  for (const inOrder of [again(), again().reverse()]) {
    store = new Store();
    for (const [day, [request, spell]] of inOrder) {
      const { resource, ...rest } = request as Statement;
      say(
        visiting,
        day,
        { ...rest, resource: { ...resource, identifier } as ServiceRequest },
        spell as Statement,
      );
    }
    expect(tasks().map(firstAsked).sort()).toEqual([['2026-09-08'], []].sort());
  }
});

it('is not redirected by what is made out of it while it stands', () => {
  const codes = () => tasks().map(({ content }) => content.businessStatus?.coding?.[0]?.code);
  say(visiting, '2026-09-04', ...basedOn('R2', camhs.id, '2026-09-04'));
  expect(codes()).toEqual(['stored', 'stored']);
  say(perinatal, '2026-09-05', answer('waitlist'));
  say(perinatal, '2026-09-06', ...basedOn('R3', camhs.id, '2026-09-06'));
  expect(codes()).toEqual(['accepted', 'stored', 'stored']);
  say(perinatal, '2026-09-07', answer('cancelled'));
  expect(codes()).toEqual(['redirected', 'stored', 'stored']);
  expect(store.events.filter(({ code }) => code === 'referral-redirected')).toHaveLength(1);
});
