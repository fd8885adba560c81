/**
 * When what somebody agreed to or refused begins or ends, or a decision of competence ends, others may know
 * more or less of them.
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

/** SQL: the persons with a chart that has one of these birth dates (a list, place of a parameter). */
export const bornOn = (births: string): string =>
  `select person from statement where type = 'Patient' and content ->> 'birthDate' = any(${births}::text[])`;
