import type { Context } from '../context.ts';
import type { SourceRecord } from '../model.ts';
import { resolveService } from './services.ts';

const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';
/** ODS code and team together: `RXX|team`. */
const SERVICE = 'https://skein.example/Id/service';

type Logical = { identifier: { system: string; value: string } };

/**
 * A record whose logical service references (an ODS code, or ODS code and team) are references to services. Done once, before the
 * record is kept, so that later registrations do not change what a message meant.
 */
export async function nameServices(ctx: Context, record: SourceRecord): Promise<SourceRecord> {
  const names = new Map<string, string>();
  for (const { resource } of record.statements) collect(resource, names);
  for (const name of names.keys()) {
    const [ods = '', team] = name.split('|');
    names.set(name, (await resolveService(ctx.db, ctx.key, ods, team ?? null)).id);
  }
  if (names.size === 0) return record;
  const statements = record.statements.map((statement) => ({
    ...statement,
    resource: replace(statement.resource, names),
  }));
  return { ...record, statements };
}

function isService(value: object): value is Logical {
  const { identifier } = value as Partial<Logical>;
  return identifier?.system === ODS_CODE || identifier?.system === SERVICE;
}

function collect(value: unknown, names: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (isService(value)) names.set(value.identifier.value, '');
  else for (const item of Object.values(value)) collect(item, names);
}

function replace<T>(value: T, names: Map<string, string>): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replace(item, names)) as T;
  if (isService(value)) return { reference: `Organization/${names.get(value.identifier.value)}` } as T;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replace(item, names)])) as T;
}
