/** What referrer and receiver read of a referral, from the day it was sent. */
import type { EpisodeOfCare, ServiceRequest, Task } from '@medplum/fhirtypes';
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
