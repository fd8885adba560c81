/** What may carry free text: narrative, notes, names of things as somebody typed them. */
const TEXT = ['text', 'div', 'note', 'comment', 'display', 'description', 'patientInstruction', 'contained'];
const TEXT_VALUE = ['valueString', 'valueMarkdown', 'valueAnnotation', 'valueAttachment'];

/**
 * A copy with codes, dates, numbers and references only. Also where the level is full, for anybody but author
 * and addressee: what of a free text is about somebody else (third-party content) no machine can tell.
 */
export function codedOnly<T>(value: T): T {
  return (strip(value) ?? {}) as T;
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(strip).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (TEXT_VALUE.some((name) => name in value)) return undefined;
  const entries = Object.entries(value)
    .filter(([name]) => !TEXT.includes(name))
    .map(([name, item]) => [name, strip(item)] as const)
    .filter(([, item]) => item !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** The named elements of a resource or part, those that it has. */
export function pick<T extends object, K extends keyof T>(value: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    names.filter((name) => value[name] !== undefined).map((name) => [name, value[name]]),
  ) as Pick<T, K>;
}

/** In place of an element that must be there and is withheld. */
export const MASKED = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};
