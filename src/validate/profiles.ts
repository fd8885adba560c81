/** Profiles with the code systems and value sets they bind to: Skein's own, then those of the FHIR packages
 * that the configuration names. */

import { readdirSync, readFileSync } from 'node:fs';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { CORE_PROFILES_FILE, typeDefinition } from '../fhir/definitions.ts';
import { CORE_DEFINITIONS, SKEIN_DEFINITIONS } from '../fhir/systems.ts';
import { type Rule, readDifferential } from './read-differential.ts';
import { type Conformance, readPackage } from './read-package.ts';
import { Terminology } from './terminology.ts';

/** A compiled profile. `contexts` says where an extension may stand. */
export type Profile = { url: string; type: string; rule: Rule; contexts?: Context[] };
export type Context = { type: string; expression: string };

const OWN_FILES = new URL('../../profiles/skein/', import.meta.url);

/** Skein's own profile for each resource type that senders' statements have. */
const OF_TYPE: Record<string, string> = {
  Patient: 'skein-patient',
  RelatedPerson: 'skein-related-person',
  EpisodeOfCare: 'skein-episode-of-care',
  ServiceRequest: 'skein-service-request',
  Encounter: 'skein-encounter',
};

export class Profiles {
  readonly terminology = new Terminology();
  /** Parts of the packages that could not be understood; rules that depend on them are not checked. */
  readonly problems: string[] = [];
  readonly #definitions = new Map<string, StructureDefinition>();
  readonly #compiled = new Map<string, Profile | undefined>();

  constructor(resources: Iterable<Conformance>) {
    for (const resource of resources) {
      if (resource.resourceType !== 'StructureDefinition') this.terminology.add(resource);
      else if (resource.derivation === 'constraint') this.#definitions.set(resource.url ?? '', resource);
    }
  }

  /** URLs of Skein's profiles and those of packages, without those of the standard itself. */
  get urls(): string[] {
    return [...this.#definitions.keys()].filter((url) => !url.startsWith(CORE_DEFINITIONS)).sort();
  }

  /** Compiles a profile when it is first asked for. The version in a canonical is ignored. */
  get(canonical: string): Profile | undefined {
    const [url = ''] = canonical.split('|');
    if (!this.#compiled.has(url)) {
      this.#compiled.set(url, undefined);
      this.#compiled.set(url, this.#compile(url));
    }
    return this.#compiled.get(url);
  }

  ofType(type: string): Profile | undefined {
    const name = OF_TYPE[type];
    return name === undefined ? undefined : this.get(SKEIN_DEFINITIONS + name);
  }

  /** The resource or data type that a profile or a base R4 definition describes. */
  typeOf(canonical: string): string | undefined {
    const [url = ''] = canonical.split('|');
    const core = url.startsWith(CORE_DEFINITIONS) ? url.slice(CORE_DEFINITIONS.length) : '';
    return typeDefinition(core) ? core : this.#definitions.get(url)?.type;
  }

  #compile(url: string): Profile | undefined {
    const definition = this.#definitions.get(url);
    if (!definition) return undefined;
    const { type = '', baseDefinition = '' } = definition;
    const base = this.get(baseDefinition);
    if (!base && this.typeOf(baseDefinition) === undefined)
      this.problems.push(
        `${url}: ${baseDefinition}, which it is based on, is not loaded; its rules are not checked`,
      );
    const contexts = definition.context?.map(({ type = '', expression = '' }) => ({ type, expression }));
    return {
      url,
      type,
      rule: readDifferential(definition, base?.rule, (problem) => this.problems.push(problem)),
      ...(contexts ? { contexts } : {}),
    };
  }
}

/** Loads profiles. `packages` are .tgz files or folders; a later one replaces definitions of an earlier one.
 * Throws an Error that names a package that cannot be read. */
export async function loadProfiles(packages: readonly string[] = []): Promise<Profiles> {
  const given = await Promise.all(packages.map(readPackage));
  return new Profiles([...ownResources(), ...given.flat()]);
}

let own: Profiles | undefined;

/** Skein's own profiles only; read once per process. */
export function ownProfiles(): Profiles {
  own ??= new Profiles(ownResources());
  return own;
}

function ownResources(): Conformance[] {
  const files = readdirSync(OWN_FILES, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  return [
    ...(JSON.parse(readFileSync(CORE_PROFILES_FILE, 'utf8')) as Conformance[]),
    ...files.sort().map((file) => JSON.parse(readFileSync(new URL(file, OWN_FILES), 'utf8')) as Conformance),
  ];
}
