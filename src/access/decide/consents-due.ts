/** When what somebody agreed to or refused begins or ends, others may know more or less of them. */

/** SQL: the persons of whom a Consent begins or ends between two instants (ISO, places of parameters). */
export const turningConsents = (from: string, to: string): string =>
  ['start', 'end']
    .map((edge) => {
      const at = `content #>> '{provision,period,${edge}}'`;
      return `select person from statement where type = 'Consent' and ${at} >= ${from} and ${at} < ${to}`;
    })
    .join(' union ');
