/** Which contacts of a referral were another team's is said on both sides by the team's own number, which no path can compare. */
import type { Json } from '../../src/model.ts';

type Node = { [name: string]: Json };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const rowsOf = (value: unknown, table: string): Node[] => {
  const rows = isNode(value) ? value[table] : undefined;
  return Array.isArray(rows) ? rows.filter(isNode) : [];
};

/** `active` where the other team of this row has seen the patient at a contact of the same referral. */
export function seenByOtherTeam(node: unknown, root: unknown): Json | undefined {
  if (!isNode(node)) return undefined;
  const contacts = rowsOf(root, 'MHS101Referral')
    .filter(({ ServiceRequestID }) => ServiceRequestID === node.ServiceRequestID)
    .flatMap((referral) => rowsOf(referral, 'MHS201CareContact'));
  const seen = contacts.some(
    ({ AttendStatus, OtherCareProfTeamLocalID }) =>
      (AttendStatus === '5' || AttendStatus === '6') && OtherCareProfTeamLocalID === node.OtherCareProfTeamLocalID,
  );
  return seen ? 'active' : undefined;
}
