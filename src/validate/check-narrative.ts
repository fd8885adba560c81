/** Checks the XHTML of a Narrative (txt-1, txt-2). https://hl7.org/fhir/R4/narrative.html#xhtml */
import sax from 'sax';

const ELEMENTS = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 ' +
    'h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var'
  ).split(' '),
);
const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char ' +
    'charoff cite class colspan dir frame headers height href hspace id lang longdesc name nowrap rel rev ' +
    'rowspan rules scope span src start style summary tabindex title type valign value vspace width ' +
    'xml:lang xmlns xml:space'
  ).split(' '),
);

/** XML's five named entities and numeric ones: HTML's others mean nothing in FHIR's XML. */
const OPTIONS = { strictEntities: true, trim: false };

/** Gives the fault, or undefined: it must be well-formed XML, one div, formatting only, and not empty. */
export function narrativeFault(text: string): string | undefined {
  const wrong: string[] = [];
  const open: string[] = [];
  let said = false;
  const xml = sax.parser(true, OPTIONS);
  // The fault's text never quotes the narrative, which may hold anything about a person.
  xml.onerror = ({ message }) => {
    const isEntity = /character entity/.test(message);
    wrong.push(isEntity ? 'has a named entity of HTML: write its character' : 'is not well-formed XHTML');
    xml.resume();
  };
  xml.ondoctype = () => wrong.push('has a document type');
  xml.onopentag = ({ name, attributes }) => {
    if (open.length === 0 && name !== 'div') wrong.push('is not a div (txt-1)');
    if (!ELEMENTS.has(name)) wrong.push('holds an element that is not formatting (txt-1)');
    for (const attribute of Object.keys(attributes))
      if (!ATTRIBUTES.has(attribute)) wrong.push('holds an attribute that is not formatting (txt-1)');
    said ||= name === 'img';
    open.push(name);
  };
  xml.onclosetag = () => open.pop();
  xml.ontext = (words) => {
    said ||= words.trim() !== '';
  };
  xml.write(text).close();
  return wrong[0] ?? (said ? undefined : 'says nothing (txt-2)');
}
