/**
 * Messages that nobody on this project wrote, through the real doors. Runs where STANDARDS_DATA (default ../shared/data) is there;
 * prints what became of each. Never a 5xx, never silence: accepted, or refused with an issue that says which field or event.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { type Reply, startSkein } from '../support/skein.ts';

const DATA = process.env.STANDARDS_DATA ?? '../shared/data';
const HL7 = ['hl7v2/microsoft-fhir-converter', 'hl7v2/linuxforhealth'];
const BIRTHS = 'birth-notifications/messages/messages/examples';
const TAKEN: Record<string, string[] | undefined> = {
  ADT: [
    ...[
      'A01',
      'A02',
      'A03',
      'A04',
      'A05',
      'A06',
      'A07',
      'A08',
      'A09',
      'A10',
      'A11',
      'A12',
      'A13',
      'A14',
      'A15',
      'A16',
    ],
    ...[
      'A18',
      'A21',
      'A22',
      'A23',
      'A25',
      'A26',
      'A27',
      'A28',
      'A30',
      'A31',
      'A32',
      'A33',
      'A34',
      'A35',
      'A36',
      'A38',
    ],
    ...['A40', 'A44', 'A46', 'A47', 'A52', 'A53', 'A54', 'A55'],
  ],
  REF: ['I12', 'I13', 'I14'],
  SIU: ['S12', 'S13', 'S14', 'S15', 'S16', 'S17', 'S18', 'S19', 'S20', 'S21', 'S22', 'S26'],
};

function filesOf(folder: string, ending: string): string[] {
  const path = join(DATA, folder);
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const lines: string[] = [];
const tell = (file: string, became: string) =>
  lines.push(`${became.padEnd(60)} ${file.slice(DATA.length + 1)}`);
const first = (reply: Reply) => {
  const [issue] = (reply.body.issue ?? []) as { code: string; diagnostics?: string }[];
  return issue ? `${issue.code}: ${issue.diagnostics ?? ''}` : 'accepted';
};

describe.skipIf(!existsSync(DATA))('messages from the standards’ own examples', () => {
  let database: TestDatabase;
  let skein: Awaited<ReturnType<typeof startSkein>>;
  beforeAll(async () => {
    database = await testDatabase();
    skein = await startSkein(database);
    // Whose word on a birth counts: anybody else's is a suggestion.
    const births = { name: 'births', ods: 'X26', team: 'births', sector: 'national', kind: null };
    await addSystem(database.pool, database.key, { ...births, source: 'birth-notification' });
  });
  afterAll(async () => {
    await skein.stop();
    console.log(lines.join('\n'));
  });

  it.each(filesOf('bars/examples-1.4.0/process_message', '.json'))('BaRS %s', async (file) => {
    const bundle = JSON.parse(readFileSync(file, 'utf8'));
    const event = bundle.entry[0].resource.eventCoding.code;
    const reply = await skein.bars(bundle);
    tell(file, `${reply.status} ${first(reply)}`);
    if (event === 'servicerequest-request') expect([200, 422]).toContain(reply.status);
    // They name the request by its Bundle.id, or the referral by the id that its receiver gave.
    else if (event === 'servicerequest-response') expect(reply.status).toBe(200);
    else expect([reply.status, reply.body.issue?.[0]?.code]).toEqual([422, 'not-supported']);
    if (reply.status !== 200) expect(first(reply)).toMatch(/entry|event/);
  });

  it.each(filesOf('bars/examples-1.4.0', '.json').filter((file) => !file.includes('/process_message/')))(
    'what is no message is refused as such: %s',
    async (file) => {
      const headers = {
        'content-type': 'application/fhir+json',
        'x-request-id': crypto.randomUUID(),
        'x-correlation-id': crypto.randomUUID(),
      };
      const reply = await skein.send('POST', '/fhir/$process-message', headers, readFileSync(file, 'utf8'));
      tell(file, `${reply.status} ${first(reply)}`);
      expect(reply.status).toBe(400);
    },
  );

  it.each(HL7.flatMap((folder) => filesOf(folder, '.hl7')))('HL7 v2 %s', async (file) => {
    // Many of the examples share one MSH-10: each is sent under its own.
    const text = readFileSync(file, 'latin1');
    const [, start = '', event = ''] = /MSH((?:[^|\r\n]*\|){8}([^|\r\n]*)\|)[^|\r\n]*/.exec(text) ?? [];
    const message = Buffer.from(
      text.replace(/MSH(?:[^|\r\n]*\|){9}[^|\r\n]*/, `MSH${start}${basename(file, '.hl7')}`),
      'latin1',
    );
    const silent = /MSH(?:[^|\r\n]*\|){14}NE\|NE/.test(text);
    const answer = silent ? await kept(basename(file, '.hl7'), message) : await skein.mllp(message);
    const code = /MSA\|(\w\w)/.exec(answer)?.[1] ?? 'none';
    const reason = /ERR\|.*/.exec(answer)?.[0] ?? '';
    tell(file, `${code} ${event} ${reason.slice(0, 160)}`);
    // CA: a sender that asks for the accept acknowledgement alone (MSH-15) is told that the message is kept.
    const [type = '', trigger = ''] = event.split('^');
    const taken = TAKEN[type]?.includes(trigger);
    expect(code, answer).toMatch(taken ? /AA|AE|CA/ : /AE|CA/);
    expect(reason).not.toContain('transient');
    // What is held says where: segment and field of the first fault.
    if (code === 'AE') expect(reason).toMatch(taken ? /[A-Z][A-Z0-9]{2}(\^\d+|-\d+)/ : /MSH(\^1\^9|-9)/);
  });

  /** A sender that wants no acknowledgement (MSH-15, MSH-16 NE) asks afterwards what became of it. */
  async function kept(identifier: string, message: Buffer): Promise<string> {
    await skein.send(
      'POST',
      '/intake/silent',
      { 'content-type': 'x-application/hl7-v2+er7' },
      message.toString('latin1'),
    );
    const { body } = await skein.get(`/intake/messages?identifier=${identifier}`);
    const [found] = body as unknown as {
      status: string;
      units: { issues: { code: string; field?: string }[] }[];
    }[];
    const [issue] = found?.units[0]?.issues ?? [];
    return found?.status === 'accepted' ? 'MSA|AA' : `MSA|AE\rERR|${issue?.field} ${issue?.code}`;
  }

  it.each(filesOf(BIRTHS, '.xml').filter((file) => file.includes('BirthNotification')))(
    'mother and baby of %s',
    async (file) => {
      const xml = readFileSync(file, 'utf8');
      const reply = await skein.intake('births', 'application/fhir+xml', xml);
      tell(file, `${reply.status} ${reply.body.status}`);
      expect([reply.status, reply.body.status]).toEqual([200, 'accepted']);
      const [mother, baby] = [...xml.matchAll(/<Patient>.*?<\/Patient>/gs)].map(([patient]) =>
        personIn(patient),
      );
      expect(baby?.nhs).toBeTruthy();
      const found = await skein.get(
        `/fhir/Patient?identifier=${baby?.nhs}&_revinclude=RelatedPerson:patient`,
      );
      const seen = ((found.body.entry ?? []) as { resource: Record<string, unknown> }[]).map(
        ({ resource }) => resource,
      );
      expect(seen[0]).toMatchObject({
        resourceType: 'Patient',
        birthDate: baby?.born,
        name: [{ family: baby?.family }],
      });
      // Without her number the relation is a suggestion only: nobody is linked.
      const linked = mother?.nhs ? [expect.objectContaining({ resourceType: 'RelatedPerson' })] : [];
      expect(seen.slice(1)).toEqual(linked);
    },
  );

  it.each(filesOf(BIRTHS, '.xml').filter((file) => !file.includes('BirthNotification')))(
    'an NHS event of another kind is held, by name: %s',
    async (file) => {
      const reply = await skein.intake('births', 'application/xml', readFileSync(file, 'utf8'));
      const [row] = reply.body.rows as { issues: { code: string; text: string }[] }[];
      tell(file, `${reply.status} ${row?.issues[0]?.text}`);
      expect([reply.status, reply.body.status, row?.issues[0]?.code]).toEqual([422, 'held', 'not-supported']);
      expect(row?.issues[0]?.text).toMatch(/^event "[\w-]+" is not taken/);
    },
  );
});

function personIn(xml: string) {
  const value = (pattern: RegExp) => pattern.exec(xml)?.[1];
  return {
    nhs: value(/nhs-number"\/>\s*<value value="(\d+)"/),
    family: value(/<family value="([^"]+)"/) ?? '',
    born: value(/<birthDate value="([^"]+)"/) ?? '',
  };
}
