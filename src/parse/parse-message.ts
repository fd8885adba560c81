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
 * The message as a tree, and nothing more: one unit per CSV row and per message of an HL7 batch, else a single unit. Pure. Throws
 * Rejected(400, or 415 where the type is none that is read here) when nothing of it can be read, and nothing else whatever the bytes; a unit that alone cannot be
 * read has `error`.
 */
export function parseMessage(message: Message): Document {
  const format = readableFormat(message);
  return { format, units: READERS[format](message.body, message) };
}

/** JSON and FHIR JSON are one to a sender's HTTP library: between those two the registered source decides. */
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
