import { findParams } from '../../fhir/search-parameters.ts';
import { type Asking, findCandidates, findFew } from './candidates.ts';
import { orderOf } from './order.ts';
import { type Clause, readSearch, type Search } from './query.ts';
import { seeCandidates } from './shown.ts';

/** More people than this have one identifier in no store. */
const MOST = 100;

/**
 * A search by the patient's identifier (BaRS: before a referral is changed) as one by reference: of whom the
 * recipient knows by it, from what it may see or said itself, and of its own referrals alone. Who is not
 * known by it is looked for like who is, and found no less quickly.
 */
export async function byPatient(asking: Asking, search: Search): Promise<Search> {
  if (search.patients.length === 0) return search;
  const params = findParams('ServiceRequest', 'patient');
  const clauses: Clause[] = [];
  for (const values of search.patients) {
    const found = await findPatients(asking, values);
    clauses.push({ kind: 'reference', code: 'patient', params, values: found.length > 0 ? found : [NOBODY] });
  }
  return { ...search, clauses: [...search.clauses, ...clauses], own: true };
}

/** No id, and so no patient's. */
const NOBODY = 'Patient/-';

async function findPatients(asking: Asking, values: string[]): Promise<string[]> {
  const blank = readSearch([], { type: 'Patient', base: '', lenient: false });
  const clause: Clause = {
    ...{ kind: 'token', code: 'identifier', negated: false, values },
    params: findParams('Patient', 'identifier'),
  };
  const search = { ...blank, clauses: [clause], among: await findFew(asking, 'Patient') };
  const order = orderOf(search);
  if (!order) return [];
  const candidates = await findCandidates(asking, search, { order, after: null, limit: MOST });
  const seen = await seeCandidates(
    asking,
    search,
    candidates.map(({ row }) => row),
  );
  return seen.flatMap((one) => (one ? `Patient/${one.row.id}` : []));
}
