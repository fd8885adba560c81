/** What a Bundle entry says of the resource in it, beside the resource. */
import type { Resource } from '@medplum/fhirtypes';
import { RESOURCE_ID } from '../fhir/systems.ts';
import { isObject, type Node, textOf } from '../formats/tree.ts';
import { identifierOfQuery } from './compile/statement.ts';
import { type Frame, type Run, report } from './run.ts';

/**
 * The id of a Patient in its own store, where it is told apart by something else. Ids of a message Bundle
 * mean nothing outside it.
 */
export function ownIdOf(
  { resourceType }: Resource,
  identifier: string | undefined,
  { entry }: Frame,
): string | undefined {
  if (resourceType !== 'Patient' || entry?.type !== 'Patient' || !entry.method) return undefined;
  const [, named] = /^Patient\/([\w.-]+)$/.exec(entry.url ?? '') ?? [];
  const id = named ?? entry.resource.id;
  return typeof id === 'string' && !identifier?.startsWith(`${RESOURCE_ID}|`) ? id : undefined;
}

/**
 * Where a request says that it is one only if there is none yet (https://hl7.org/fhir/R4/http.html#ccreate).
 * There is one where its sender has said the same resource before: so it is asked by what that is known by.
 */
export function unlessKnownOf(
  type: string,
  identifier: string | undefined,
  { run, frame }: { run: Run; frame: Frame },
): string | undefined {
  const { entry, at } = frame;
  if (!entry || entry.ifNoneExist === undefined || entry.type !== type) return undefined;
  const asked = identifierOfQuery(entry.ifNoneExist);
  if (asked !== undefined && (asked === identifier || identifiersOf(entry.resource).includes(asked)))
    return at;
  report(run, {
    severity: 'error',
    code: 'not-supported',
    field: at,
    text: `${at}: request.ifNoneExist is taken by an identifier of the resource alone: identifier=system|value`,
  });
  return undefined;
}

const identifiersOf = ({ identifier }: Node): string[] =>
  (Array.isArray(identifier) ? identifier : []).flatMap((one) =>
    isObject(one) && one.value !== undefined ? [`${textOf(one.system ?? '')}|${textOf(one.value)}`] : [],
  );
