/** What a condition asks of a path and can never find there: a mistake, found at load. */
import { isPrimitive, typeDefinition } from '../../fhir/definitions.ts';
import { PathError, type Reader, suggest } from '../run.ts';
import { article, converterTo } from './convert.ts';

export type Asked = { path: string; reader: Reader; operator: string | undefined; literals: string[] };

/** Throws PathError where a clause can never hold on the type that its path reads. `plain` is true of sources
 * that say of each field whether it is text, a time, a boolean or an integer. */
export function checkType(asked: Asked, plain: boolean): void {
  const { path, reader, operator, literals } = asked;
  const { type } = reader;
  if (operator !== undefined && (type === 'object' || typeDefinition(type)?.kind === 'complex'))
    throw new PathError(`${path} has parts and no value of its own: ask about one of them`);
  for (const literal of literals) checkLiteral(literal, asked, plain);
}

function checkLiteral(literal: string, { path, reader: { type, codes } }: Asked, plain: boolean): void {
  const never = `"${literal}" can never be at ${path}`;
  if (codes && !codes.includes(literal))
    throw new PathError(`${never}, which is one of ${codes.join(', ')}${suggest(literal, codes)}`);
  if (plain && type === 'text' && /^(true|false)$/i.test(literal))
    throw new PathError(
      `${path} is text, where a yes is "${literal}" only if it is written so: in source.yaml make it boolean`,
    );
  // In FHIR a value is of its type; others also send words in place of a date or a number.
  const isFhir = !plain && typeDefinition(type) && isPrimitive(type);
  const isYes = type !== 'boolean' || literal === 'true' || literal === 'false';
  if (isFhir && !(isYes && converterTo(type)(literal, 'UTC') !== undefined))
    throw new PathError(`${never}, which is ${article(type)}`);
}
