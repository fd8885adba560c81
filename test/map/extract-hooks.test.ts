import { expect, test } from 'vitest';
import { seenByOtherTeam } from '../../mappings/mhsds/hooks.ts';

const TEAM = { ServiceRequestID: 'R-1', OtherCareProfTeamLocalID: 'GROUP' };
const patient = (contact: object, referral = 'R-1') => ({
  MHS101Referral: [{ ServiceRequestID: referral, MHS201CareContact: [contact] }],
});

test.each([
  ['attended', patient({ AttendStatus: '5', OtherCareProfTeamLocalID: 'GROUP' }), 'active'],
  ['attended late', patient({ AttendStatus: '6', OtherCareProfTeamLocalID: 'GROUP' }), 'active'],
  ['not attended', patient({ AttendStatus: '3', OtherCareProfTeamLocalID: 'GROUP' }), undefined],
  ['of the referral’s own team', patient({ AttendStatus: '5' }), undefined],
  [
    'of the same team in another referral',
    patient({ AttendStatus: '5', OtherCareProfTeamLocalID: 'GROUP' }, 'R-2'),
    undefined,
  ],
  ['of nobody', {}, undefined],
  ['of nothing', null, undefined],
])('a contact %s says whether another team has begun', (_, root, status) => {
  expect(seenByOtherTeam(TEAM, root)).toBe(status);
});
