import sax from 'sax';
import { rejected } from '../errors.ts';

/**
 * An XML element. Its namespace prefix is resolved and removed; attributes of other namespaces are left out.
 */
export type XmlElement = { name: string; attributes: Map<string, string>; children: XmlElement[] };

/** Strict: only XML's five named entities and numeric ones. */
const OPTIONS = { xmlns: true, strictEntities: true };
/** As deep as JSON may nest (src/formats/json.ts); a message has some hundreds of elements. */
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 100_000;

const XHTML = 'http://www.w3.org/1999/xhtml';
const REFUSED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
/** Control characters that XML 1.0 does not allow. */
const NO_TEXT = /[^\P{Cc}\t\n\r\x7f-\x9f]/u;

/**
 * Reads an XML 1.0 document whose elements are of one namespace; narrative (XHTML) in it is left out. Nothing
 * is ever expanded or fetched: a DOCTYPE, an entity declaration, an entity beside XML's own five and a
 * processing instruction are refused. Throws Rejected(400) with the line and column of the fault, never with
 * content. https://www.w3.org/TR/xml/ https://cheatsheetseries.owasp.org (XXE)
 */
export function readXml(
  body: Buffer,
  { namespace, charset }: { namespace: string; charset?: string },
): XmlElement {
  const text = decodeXml(body, charset);
  const parser = sax.parser(true, OPTIONS);
  const document: XmlElement = { name: '', attributes: new Map(), children: [] };
  const open: (XmlElement | null)[] = [document];
  let attributes = new Map<string, string>();
  let elements = 0;
  const refuse = (what: string, code = 'structure'): never => {
    throw rejected(400, code, `not valid XML: ${what}, line ${parser.line + 1}, column ${parser.column + 1}`);
  };
  const isText = (value: string) =>
    NO_TEXT.test(value) || !value.isWellFormed() ? refuse('a character') : undefined;

  parser.onerror = () => refuse('it is not well formed');
  parser.ondoctype = () => refuse('a DOCTYPE is not allowed', 'security');
  parser.onsgmldeclaration = () => refuse('a declaration is not allowed', 'security');
  parser.onprocessinginstruction = ({ name }) =>
    name === 'xml' && open.length === 1 && elements === 0 && text.startsWith('<?xml')
      ? undefined
      : refuse('a processing instruction is not allowed', 'security');
  parser.onattribute = (attribute) => {
    const { name, value, uri, local } = attribute as sax.QualifiedAttribute;
    isText(value);
    // `xmlns` and attributes such as `xsi:schemaLocation` describe the document and are not part of its
    // content.
    if (name === 'xmlns' || uri !== '') return;
    if (attributes.has(local)) refuse('an attribute is there twice');
    attributes.set(local, value);
  };
  parser.onopentag = (tag) => {
    const { local, uri } = tag as sax.QualifiedTag;
    const parent = open.at(-1);
    elements += 1;
    if (open.length > MAX_DEPTH) refuse(`nested more than ${MAX_DEPTH} deep`, 'too-costly');
    if (elements > MAX_ELEMENTS) refuse(`more than ${MAX_ELEMENTS} elements`, 'too-costly');
    if (parent === document && document.children.length > 0) refuse('a second document');
    const narrative = uri === XHTML && parent !== document;
    if (uri !== namespace && !narrative) refuse(`an element that is not of ${namespace}`, 'not-supported');
    if (REFUSED_NAMES.has(local)) refuse('a name that is not allowed');
    const element = narrative || !parent ? null : { name: local, attributes, children: [] };
    if (element) parent?.children.push(element);
    attributes = new Map();
    open.push(element);
  };
  parser.onclosetag = () => open.pop();
  parser.ontext = (value) =>
    open.at(-1) && value.trim() !== '' ? refuse('text between elements') : undefined;
  parser.oncdata = parser.ontext;
  parser.write(text).close();
  return document.children[0] ?? refuse('there is no element');
}

const CHARSETS = new Set([
  'utf-8',
  'us-ascii',
  'ascii',
  'iso-8859-1',
  'iso-8859-15',
  'windows-1252',
  'utf-16',
]);

/**
 * Decodes by the byte order mark, else the Content-Type, else the XML declaration, else as UTF-8 (RFC 7303,
 * section 3). A declaration of UTF-16 that can be read byte by byte is false: some libraries write it over
 * UTF-8.
 */
function decodeXml(body: Buffer, charset: string | undefined): string {
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']/.exec(
    body.toString('latin1', 0, 200),
  )?.[1];
  const wide = wideOf(body);
  const name = (charset ?? declared ?? 'utf-8').toLowerCase();
  if (!wide && !CHARSETS.has(name))
    throw rejected(400, 'not-supported', `the encoding "${name}" is not read; send UTF-8`);
  const label = wide ?? (name === 'utf-16' || body[0] === 0xef ? 'utf-8' : name);
  try {
    return new TextDecoder(label, { fatal: true }).decode(body);
  } catch (cause) {
    throw rejected(400, 'invalid', `the body is not valid ${label.toUpperCase()}`, { cause });
  }
}

/** UTF-16, by its byte order mark or by how `<` is written. */
function wideOf(body: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const start = body.length > 1 ? body.readUInt16BE(0) : 0;
  if (start === 0xfffe || start === 0x3c00) return 'utf-16le';
  return start === 0xfeff || start === 0x003c ? 'utf-16be' : undefined;
}
