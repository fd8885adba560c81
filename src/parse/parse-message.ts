import { rejected } from '../errors.ts';
import { charsetOf, type Format, formatOf, formatOfSource } from '../formats/media-types.ts';
import type { Document, Message, Unit } from '../model.ts';
import { readCsv } from './csv.ts';
import { readFhirXml } from './fhir-xml.ts';
import { readHl7 } from './hl7v2.ts';
import { readBundle, readForm } from './json.ts';

const READERS: Record<Document['format'], (body: Buffer, message: Message) => Unit[]> = {
  hl7v2: readHl7,
  csv: readCsv,
  fhir: (body, { channel }) =>
    readBundle(body, channel === 'bars' ? 'message' : channel === 'fhir' ? 'transaction' : undefined),
  json: readForm,
  xml: (body, { contentType }) => readFhirXml(body, charsetOf(contentType)),
};

/**
 * Parses a message to trees: one unit per CSV row and per message of an HL7 v2 batch, else a single unit.
 * Pure. Throws Rejected where nothing can be read (400), or the content type is not one that Skein reads
 * (415), and nothing else whatever the bytes. A unit that alone cannot be read has `error`.
 */
export function parseMessage(message: Message): Document {
  const format = readableFormat(message);
  return { format, units: READERS[format](message.body, message) };
}

/** The format of a message. HTTP libraries send JSON and FHIR JSON under either type, so between those two
 * the registered source decides. */
function readableFormat({ contentType, source }: Message): Document['format'] {
  const sent: Format | undefined = formatOf(contentType);
  const wanted = formatOfSource(source);
  if (!sent && !wanted)
    throw rejected(415, 'not-supported', 'the content type names no format that is read here');
  const json = (format: Format | undefined) => format === 'json' || format === 'fhir';
  if (sent && wanted && sent !== wanted && !(json(sent) && json(wanted))) {
    throw rejected(400, 'not-supported', `this system is registered to send ${wanted}, and this is ${sent}`);
  }
  return wanted ?? (sent as Document['format']);
}
