/**
 * When what somebody agreed to or refused begins or ends, or a decision of competence ends, others may know more
 * or less of them.
 */

/** SQL: the persons of whom one begins or ends between two instants (ISO, places of parameters). */
export const turningConsents = (from: string, to: string): string =>
  [
    ['Consent', '{provision,period,start}'],
    ['Consent', '{provision,period,end}'],
    ['Flag', '{period,end}'],
  ]
    .map(
      ([type, path]) => `select person from statement where type = '${type}' and person is not null
    and content #>> '${path}' >= ${from} and content #>> '${path}' < ${to}`,
    )
    .join(' union ');
