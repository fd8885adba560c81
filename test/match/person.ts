/** Made-up records for the tests of matching. */
import { type MatchRecord, type RawRecord, readRecord } from '../../src/match/record.ts';
import { nhsNumber } from '../support/records.ts';

export const AS_OF = '2025-06-01';
let count = 0;

/** A woman with everything known; `change` says what is different. */
export function adult(change: Partial<RawRecord> = {}): MatchRecord {
  return read({ birthDate: '1990-04-12', sex: 'female', given: ['Morwenna'], ...change });
}

/** A baby of one year with everything known but how many were born. */
export function baby(change: Partial<RawRecord> = {}): MatchRecord {
  return read({ birthDate: '2024-05-02', sex: 'male', given: ['Jayden'], ...change });
}

function read(change: Partial<RawRecord>): MatchRecord {
  count += 1;
  const raw = {
    id: `r${count}`,
    source: 'maternity',
    nhsNumber: nhsNumber(1),
    verified: true,
    family: 'Testerley',
    addressLine: '4 Synthetic Street',
    postcode: 'TE1 2ST',
    phones: ['07700 900123'],
    ...change,
  };
  return readRecord(raw, AS_OF);
}

export const unknown = { nhsNumber: undefined, verified: false };
export const moved = { addressLine: '90 Invented Road', postcode: 'TE9 9ZZ', phones: [] };
