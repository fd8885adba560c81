/** Messages of every format, with something wrong in them. */
import { admission } from '../messages.ts';
import { type Aim, example, FHIR, type Kind, post, toIntake, uuid } from './aim.ts';
import { below, bend, bendJson, pickOf } from './bend.ts';

const OPERATIONS = ['Patient/$match', 'Consent', 'Subscription', 'Patient/$break-glass', 'Group/ID/$journey'];
const OF_PATIENT = ['$place-hold', '$safe-contact', '$set-placement', '$lift-hold', '$break-glass'];

const json: Kind = (aim) => {
  const { random, ids } = aim;
  const { source, text } = example(aim, 'json');
  const body = bendJson(random, text);
  if (random() < 0.6) return toIntake(aim, source, body, source === 'fhir-r4' ? FHIR : 'application/json');
  const path = pickOf(random, [
    '',
    ...OPERATIONS,
    ...OF_PATIENT.map((one) => `Patient/${ids.Patient}/${one}`),
  ]);
  return post(`/fhir/${path}`.replace(/\/$/, ''), body);
};

const processMessage: Kind = (aim) => {
  const { random, corpus, n } = aim;
  const { text } = pickOf(
    random,
    corpus.filter(({ source }) => source === 'bars-referral'),
  );
  const ids = { 'x-request-id': uuid(n, 1), 'x-correlation-id': uuid(n, below(random, 1e9)) };
  const type =
    random() < 0.9
      ? FHIR
      : pickOf(random, [`${FHIR}; version=9.9.9`, 'text/plain', `${FHIR}; charset=utf-7`]);
  return post('/fhir/$process-message', bendJson(random, text), type, ids);
};

const bombs = (count: number) =>
  Array.from({ length: count }, (_, n) => `<!ENTITY e${n + 1} "&e${n};&e${n};&e${n};">`).join('');
const XML_PIECES = [
  '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
  '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
  `<!DOCTYPE a [<!ENTITY e0 "e">${bombs(30)}]>&e30;`,
  ...[
    '&e;',
    '&#0;',
    '&#xD800;',
    '&#x110000;',
    '&amp',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '<?xml version="1.1"?>',
  ],
  ...[
    '<?x y?>',
    '<a xmlns:a="b" xmlns:a="b"/>',
    '<a b="1" b="2"/>',
    '<a:b/>',
    'xmlns=""',
    '<',
    '>',
    '</Bundle>',
  ],
  ...['<a>'.repeat(70), `${'<a>'.repeat(900)}${'</a>'.repeat(900)}`, '<a>'.repeat(50_000)],
];
const xml: Kind = (aim) => {
  const { source, text } = example(aim, 'xml');
  const bent = bend(aim.random, text, XML_PIECES);
  const type = aim.random() < 0.9 ? 'application/fhir+xml' : 'application/xml; charset=utf-16';
  return toIntake(aim, source, aim.random() < 0.2 ? pickOf(aim.random, XML_PIECES) + bent : bent, type);
};

const HL7_PIECES = [
  ...['|', '^', '~', '&', '\\', '\\F\\', '\\X41\\', '\\XZZ\\', '\\E', '\\H\\', '""', '|'.repeat(5_000)],
  ...[
    '\rMSH|^~\\&|A',
    '\rPID|||',
    '\rZZZ|1',
    '\n',
    '\r\r',
    'FHS|^~\\&\r',
    'BHS|^~\\&\r',
    '\rBTS|1',
    '~'.repeat(20_000),
  ],
  ...['^'.repeat(20_000), '||||UNICODE UTF-16', '8859/15', '20261301', '20260230250000', '\u000b', '\u001c'],
];
const asHl7 = (aim: Aim) => bend(aim.random, example(aim, 'hl7').text.replaceAll('\n', '\r'), HL7_PIECES);
const hl7v2: Kind = (aim) => {
  const { source } = example(aim, 'hl7');
  const type = pickOf(aim.random, [
    'application/hl7-v2',
    'application/hl7-v2',
    'x-application/hl7-v2; charset=latin1',
  ]);
  return toIntake(aim, source, asHl7(aim), type);
};

/** Blocks of MLLP, whole, cut, nested, or none at all; behind them one that is right. */
const mllp: Kind = (aim) => {
  const { random, n } = aim;
  const blocks = Array.from({ length: 1 + below(random, 3) }, () => {
    const [start, end] = [
      pickOf(random, ['\x0b', '\x0b', '\x0b', '']),
      pickOf(random, ['\x1c\r', '\x1c\r', '\x1c', '']),
    ];
    return `${start}${asHl7(aim)}${end}`;
  });
  return { door: 'mllp', bytes: `${blocks.join('')}\x0b${admission(700_000 + n)}\x1c\r` };
};

const CSV_PIECES = [
  ...[
    '"',
    '""',
    '"""',
    ',',
    ',,',
    '\n',
    '\r\n',
    '\r',
    ';',
    '\t',
    '\ufeff',
    '\u0000',
    `"${'a\n'.repeat(2_000)}"`,
  ],
  ...['=HYPERLINK("http://a")', "=cmd|' /C calc'!A0", '@SUM(A1)', '+1+1', '-2+3', ','.repeat(5_000)],
  ...['reference,reference\n', `${'c,'.repeat(3_000)}\n`, '1,2\n'.repeat(3_000)],
];
const csv: Kind = (aim) => {
  const { source, text } = example(aim, 'csv');
  return toIntake(
    aim,
    source,
    bend(aim.random, text, CSV_PIECES),
    pickOf(aim.random, ['text/csv', 'text/csv; charset=utf-16le']),
  );
};

export const OF_MESSAGES: Record<string, Kind> = {
  json,
  xml,
  hl7v2,
  mllp,
  csv,
  'process-message': processMessage,
};
