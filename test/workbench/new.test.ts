import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { skein, tempFile } from './skein.ts';

const newFolder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'skein-new-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
};
type Todo = { field: string; type: string; filled: number; of: number; shapes: string[] };

/** `map new`, then what the mapping makes of the first sample and what coverage says is to be done. */
async function begin(samples: [name: string, text: string][]) {
  const dir = newFolder();
  const sent = samples.map(([name, text]) => tempFile(name, text));
  const made = await skein('map', 'new', 'sender', ...sent, '--dir', dir, '--json');
  expect([made.code, made.err]).toEqual([0, expect.stringContaining('map test --update')]);
  const checked = await skein('map', 'check', '--dir', dir);
  expect([checked.code, checked.err]).toEqual([0, '']);
  const run = await skein('map', 'run', '--mapping', 'sender', '--dir', dir, sent[0] ?? '');
  const coverage = await skein('map', 'coverage', '--mapping', 'sender', '--dir', dir, '--json', ...sent);
  const { fields } = JSON.parse(coverage.out).mappings[0];
  const written = ['mapping', 'source'].map((file) => readFileSync(join(dir, `sender/${file}.yaml`), 'utf8'));
  const told = JSON.parse(made.out) as {
    todo: Todo[];
    mapped: string[];
    restricted: string[];
    from?: string;
  };
  const unread = fields.filter(({ state }: { state: string }) => state === 'unread');
  expect(unread.map(({ field }: Todo) => field)).toEqual(told.todo.map(({ field }) => field));
  return { dir, sent, run, resources: JSON.parse(run.out), written: written.join('\n'), ...told };
}

const CSV = `Ref;Date of referral;Client Surname;First name;DOB;NHS No.;Post code;GP name;Baby DOB;Reason;Urgency;Agrees to sharing
R-1;11/06/2025;Example;Robin;1/2/1990;999 000 0018;LS1 1AA;Dr Hidden;10/05/2025;low mood;Routine;yes
R-2;12/06/2025;Sample;Sam;03/04/1991;;LS2 2BB;;;anxious;;no
`;

describe('map new', () => {
  test('maps the columns of a file whose names are known, and lists the others with type, fill and shape', async () => {
    const { resources, todo, run, written } = await begin([['referrals.csv', CSV]]);
    expect([run.code, run.err]).toEqual([0, '']);
    expect(resources[0]).toMatchObject({
      identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
      name: [{ family: 'Example', given: ['Robin'] }],
      birthDate: '1990-02-01',
      address: [{ postalCode: 'LS1 1AA' }],
    });
    const types = resources.map(({ resourceType }: { resourceType: string }) => resourceType);
    expect(types.slice(0, 3)).toEqual(['Patient', 'ServiceRequest', 'EpisodeOfCare']);
    expect(resources[1]).toMatchObject({ authoredOn: '2025-06-11', identifier: [{ value: 'R-1' }] });
    expect(todo).toEqual([
      { field: 'agrees_to_sharing', type: 'boolean', filled: 2, of: 2, shapes: ['a'] },
      { field: 'baby_dob', type: 'time', filled: 1, of: 2, shapes: ['99/99/9999'] },
      { field: 'gp_name', type: 'text', filled: 1, of: 2, shapes: ['Aa …'] },
      { field: 'urgency', type: 'text', filled: 1, of: 2, shapes: ['Aa'] },
    ]);
    expect(written).toMatch(/^# gp_name +text +1 of 2 +Aa …$/m);
  });

  test('labels all of it restricted where a field may speak of consent', async () => {
    const { resources, restricted } = await begin([['referrals.csv', CSV]]);
    expect(restricted).toEqual(['agrees_to_sharing']);
    for (const { meta } of resources) expect(meta.security).toMatchObject([{ code: 'R' }]);
  });

  test('writes and shows no value of a sample', async () => {
    const { written, todo } = await begin([['referrals.csv', CSV]]);
    const values = CSV.split('\n')
      .slice(1)
      .flatMap((line) => line.split(';'))
      .filter((value) => value.length > 3);
    const told = written + JSON.stringify(todo);
    expect(values.filter((value) => told.includes(value))).toEqual([]);
  });

  test('reads forms: nested fields, lists, and of two persons one', async () => {
    const form = (ref: string, more: object) =>
      JSON.stringify({
        ref,
        sent: '2025-06-11',
        child: { name: 'Robin', born: '11/06/2025', sex: 'girl' },
        ...more,
      });
    const { resources, todo } = await begin([
      ['1.json', form('C-7', { phones: ['01130000000'], contacts: [{ name: 'Ann', phone: '0113' }] })],
      ['2.json', form('C-8', { keyWorker: null, mother: { dob: '1990-01-01' } })],
      ['3.json', form('C-9', { score: 3 })],
    ]);
    expect(resources[0]).toEqual({
      ...{ resourceType: 'Patient', name: [{ text: 'Robin' }], gender: 'female', birthDate: '2025-06-11' },
    });
    // Whose telephone it is, beside a child, the name does not say.
    expect(todo.map(({ field, type, filled, of }) => [field, type, filled, of])).toEqual([
      ['contacts.name', 'text', 1, 3],
      ['contacts.phone', 'text', 1, 3],
      ['keyWorker', 'text', 0, 3],
      ['mother.dob', 'time', 1, 3],
      ['phones', 'text', 1, 3],
      ['score', 'integer', 1, 3],
    ]);
  });

  test('has a rule for every name that it knows', async () => {
    const row = {
      ...{
        ref: 'R-1',
        'Referral Received Date': '1/2/2026',
        'requested service': 'perinatal',
        needs: 'low mood',
        sent: '2/2/2026',
      },
      ...{
        MRN: 'H1',
        nhsNo: '9990000018',
        surname: 'Example',
        forenames: 'Robin',
        'full name': 'Robin Example',
        sex: 'F',
      },
      ...{
        dob: '1/2/1990',
        'date of death': '3/2/2026',
        street: '1 High St',
        address: '1 High St, Leeds',
        town: 'Leeds',
      },
      ...{
        'Post code': 'LS1 1AA',
        tel: '0113',
        'e-mail': 'r@example.org',
        language: 'Polish',
        interpreter: 'yes',
      },
    };
    const { todo, resources } = await begin([
      [
        'all.csv',
        [Object.keys(row), Object.values(row)]
          .map((cells) => cells.map((one) => `"${one}"`).join(','))
          .join('\n'),
      ],
    ]);
    expect(todo).toEqual([]);
    expect(resources).toMatchObject([
      {
        identifier: [{ value: '9990000018' }, { value: 'H1' }],
        name: [{ family: 'Example', given: ['Robin'], text: 'Robin Example' }],
        ...{ gender: 'female', birthDate: '1990-02-01', deceasedDateTime: '2026-02-03' },
        address: [{ line: ['1 High St'], text: '1 High St, Leeds', city: 'Leeds', postalCode: 'LS1 1AA' }],
        telecom: [{ value: '0113' }, { system: 'email', value: 'r@example.org' }],
        communication: [{ language: { text: 'Polish' } }],
        extension: [{ valueBoolean: true }],
      },
      {
        resourceType: 'ServiceRequest',
        authoredOn: '2026-02-01',
        code: { text: 'perinatal' },
        reasonCode: [{}],
      },
      { resourceType: 'EpisodeOfCare', status: 'planned', period: { start: '2026-02-01' } },
    ]);
  });

  test('takes no number of another person for the patient', async () => {
    const form = {
      ref: 'C-7',
      child: { name: 'Robin', born: '11/06/2025' },
      mother: { id: 'M-1', dob: '1/2/1990' },
      mrn: 7,
    };
    const { written, todo } = await begin([['1.json', JSON.stringify({ ...form, data: { score: 3 } })]]);
    expect(todo.map(({ field }) => field)).toEqual(['data.score', 'mother.dob', 'mother.id', 'mrn']);
    expect(written).toContain(
      'identity: [ { system: https://skein.example/Id/sender-person, join: [ ref ] } ]',
    );
  });

  test('joins the tables of an extract by the columns that name their rows', async () => {
    const extract = {
      Header: [{ FileDate: '2025-06-30' }],
      Clients: [
        { ClientId: 'c1', NHSNumber: '9990000018', PersonBirthDate: '1990-02-01', EthnicCode: 'A' },
        { ClientId: 'c2', PersonBirthDate: '1991-02-01' },
      ],
      Referrals: [
        { ReferralId: 'r1', ClientId: 'c1', ReferralDate: '2025-06-01' },
        { ReferralId: 'r2', ClientId: 'c1', ReferralDate: '2025-06-02' },
        { ReferralId: 'r3', ClientId: 'c2', ReferralDate: '2025-06-03' },
      ],
      Contacts: [{ ContactId: 'k1', ReferralId: 'r1', Attended: 'y' }],
    };
    const { resources, todo, written } = await begin([['extract.json', JSON.stringify(extract)]]);
    const count = (type: string) =>
      resources.filter(({ resourceType }: { resourceType: string }) => resourceType === type).length;
    expect(['Patient', 'ServiceRequest', 'EpisodeOfCare'].map(count)).toEqual([2, 3, 3]);
    expect(todo.map(({ field, filled, of }) => [field, filled, of])).toEqual([
      ['Clients.EthnicCode', 1, 2],
      ['Contacts.Attended', 1, 1],
      ['Header.FileDate', 1, 1],
    ]);
    expect(written).toMatch(/Contacts:\s+key: ContactId\s+of: Referrals\s+by: ReferralId/);
  });

  test('reads what the envelope of a webhook holds, and takes no id of the event for the referral', async () => {
    const event = (id: string, more: object) =>
      JSON.stringify({ id, timestamp: '2026-01-05T09:30:00Z', data: { ...more, consent: { given: false } } });
    const person = {
      name: { family: 'Example', given: 'Robin' },
      dateOfBirth: '1990-02-01',
      nhsNumber: '9990000018',
    };
    const { resources, todo, restricted } = await begin([
      [
        '1.json',
        event('e-1', {
          referral: { id: 'R-9', referredOn: '2026-01-04', reasons: ['low mood'] },
          person: { ...person, address: { line1: '1 High St' } },
          baby: { dob: '2025-12-01' },
        }),
      ],
      ['2.json', event('e-2', { referral: { id: 'R-10', reasons: [] }, person })],
    ]);
    expect(resources).toMatchObject([
      {
        name: [{ family: 'Example', given: ['Robin'] }],
        birthDate: '1990-02-01',
        address: [{ line: ['1 High St'] }],
      },
      { identifier: [{ value: 'R-9' }], authoredOn: '2026-01-04', reasonCode: [{}] },
      { identifier: [{ value: 'R-9' }], period: { start: '2026-01-04' } },
    ]);
    expect(todo.map(({ field }) => field)).toEqual(['data.baby.dob', 'data.consent.given', 'id']);
    expect(restricted).toEqual(['data.consent.given']);
    const plain = await begin([['1.json', JSON.stringify({ id: 'e-1', referral: { ref: 'R-9' }, person })]]);
    expect(plain.todo.map(({ field }) => field)).toEqual(['id']);
  });

  test('reads capitals and months in words, and no century that a date leaves open', async () => {
    const { resources, todo, mapped, restricted } = await begin([
      [
        'a.csv',
        'REFERRAL_ID,SURNAME,DATE_OF_BIRTH,REFERRAL_DATE,OPT OUT,A/B,AB\nR-1,EXAMPLE,05-Feb-90,11-JUN-2025,N,x,y\n',
      ],
    ]);
    expect(resources).toMatchObject([{ name: [{ family: 'EXAMPLE' }] }, { authoredOn: '2025-06-11' }, {}]);
    expect(resources[0].birthDate).toBe(undefined);
    expect(mapped).toEqual(['referral_date', 'referral_id', 'surname']);
    expect(todo).toContainEqual({
      field: 'date_of_birth',
      type: 'text',
      filled: 1,
      of: 1,
      shapes: ['99-Aa-99'],
    });
    expect(restricted).toEqual(['opt_out']);
  });

  const MSH = (type: string) => `MSH|^~\\&|NEW|TRUST|||20250611120000||${type}|1|P|2.4`;
  const PID = 'PID|1||H123^^^RXX^MR||EXAMPLE^ROBIN||19900201|F';

  test('begins with the rules of the mapping that takes the messages, and lists what they do not read', async () => {
    const { resources, from, todo } = await begin(
      ['A01', 'A08', 'A03'].map((event) => [
        `${event}.hl7`,
        [
          MSH(`ADT^${event}`),
          `EVN|${event}|20250611120000`,
          PID,
          'PV1|1|I|WARD',
          'ZPD|1|HIDDEN|20250611|A^B',
        ].join('\r'),
      ]),
    );
    expect(from).toBe('hl7v2-adt');
    expect(resources.map(({ resourceType }: { resourceType: string }) => resourceType)).toContain(
      'EpisodeOfCare',
    );
    expect(todo.map(({ field, type }) => [field, type])).toEqual([
      ['ZPD-1', 'integer'],
      ['ZPD-2', 'text'],
      ['ZPD-3', 'time'],
      ['ZPD-4', 'text'],
      ['ZPD-4.2', 'text'],
    ]);
  });

  test('takes hooks and ConceptMaps of that mapping along', async () => {
    const siu = [MSH('SIU^S12'), 'SCH|1|2|||||||||^^^20250701100000^20250701103000', PID].join('\r');
    const { resources, from } = await begin([['s12.hl7', siu]]);
    expect([from, resources.at(-1)]).toEqual([
      'hl7v2-siu',
      expect.objectContaining({ resourceType: 'Encounter' }),
    ]);
  });

  test('reads who it is about in HL7 v2 messages and FHIR Bundles that no mapping takes', async () => {
    const oru = [MSH('ORU^R01'), PID, 'OBX|1|NM|8867-4^HR||123'].join('\r');
    const v2 = await begin([['oru.hl7', oru]]);
    expect(v2.resources).toMatchObject([{ resourceType: 'Patient', birthDate: '1990-02-01' }]);
    expect(v2.todo.map(({ field }) => field)).toEqual(['OBX-1', 'OBX-2', 'OBX-3', 'OBX-3.2', 'OBX-5']);
    const trial = tempFile('trial.hl7', oru.replace('|P|', '|T|'));
    const refused = await skein('map', 'run', '--mapping', 'sender', '--dir', v2.dir, trial);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('no production data')]);
    const two = tempFile('two.hl7', [oru, PID.replace('H123', 'H124')].join('\r'));
    const held = await skein('map', 'run', '--mapping', 'sender', '--dir', v2.dir, two);
    expect([held.code, held.err]).toEqual([1, expect.stringContaining('PID[2] is a second patient')]);
    const xml = `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Patient><identifier><system value="https://x.example"/><value value="7"/></identifier><birthDate value="1990-02-01"/><photo><title value="p"/></photo></Patient></resource></entry></Bundle>`;
    const fhir = await begin([['patient.xml', xml]]);
    expect(fhir.resources).toMatchObject([{ resourceType: 'Patient', birthDate: '1990-02-01' }]);
    expect(fhir.todo.map(({ field }) => field)).toEqual(['Patient.photo.title']);
  });

  test('loads even where nothing is known by name', async () => {
    const { todo, resources } = await begin([['odd.csv', 'foo,bär (x)\nx,1\n']]);
    expect([todo.length, resources]).toEqual([2, []]);
  });

  test('never writes over a mapping, and tells what it cannot read', async () => {
    const { dir, sent } = await begin([['referrals.csv', CSV]]);
    const again = await skein('map', 'new', 'sender', ...sent, '--dir', dir);
    expect(again).toEqual({ code: 1, out: '', err: 'skein: sender is already there: nothing was written\n' });
    const refused = async (...samples: string[]) => {
      const { code, out, err } = await skein('map', 'new', 'other', ...samples, '--dir', dir);
      expect([out, existsSync(join(dir, 'other'))]).toEqual(['', false]);
      return [code, err];
    };
    expect(await refused(tempFile('a.json', '[1]'))).toEqual([
      1,
      'skein: a.json: the body must be one JSON object\n',
    ]);
    expect(await refused(tempFile('a.csv', ''))).toEqual([1, 'skein: a.csv: the file has no header row\n']);
    expect(await refused(sent[0] ?? '', tempFile('a.json', '{}'))).toEqual([
      1,
      expect.stringContaining('several formats'),
    ]);
    const named = [1, expect.stringContaining("names of fields look like a person's data")];
    expect(await refused(tempFile('a.csv', 'EXAMPLE,ROBIN,05/02/1990\nSAMPLE,SAM,15/03/1991\n'))).toEqual(
      named,
    );
    expect(await refused(tempFile('a.csv', 'Example,999 000 0018,LS1 1AA\n'))).toEqual([
      1,
      expect.any(String),
    ]);
    expect(await refused(tempFile('a.json', '{"people":{"9990000018":{"dob":"1990-02-01"}}}'))).toEqual(
      named,
    );
    expect(await refused(tempFile('a.json', '{"by":{"robin@example.org":"x"}}'))).toEqual(named);
    mkdirSync(join(dir, 'broken'));
    writeFileSync(join(dir, 'broken/mapping.yaml'), 'name: broken\n');
    expect(await refused(sent[0] ?? '')).toEqual([1, expect.stringContaining('broken')]);
    expect(await refused()).toEqual([2, expect.stringContaining('SAMPLES are missing')]);
    expect((await skein('map', 'new', 'Bad Name', 'x', '--dir', dir)).code).toBe(2);
  });
});
