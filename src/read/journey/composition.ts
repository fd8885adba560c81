/** https://hl7.org/fhir/R4/composition.html , made when it is read and kept nowhere. */
import type { Composition } from '@medplum/fhirtypes';
import { NOTICE } from '../../access/decide/decide.ts';
import type { Changed } from '../../access/see/versions.ts';
import { writeChanges, writeNext, writeReferrals, writeStage } from './other-sections.ts';
import { writeSafeContact } from './safe-contact.ts';
import { type Told, writeAll, writeSection } from './sections.ts';
import { type Involvement, writeInvolved } from './who-is-involved.ts';

export type Content = {
  journey: string;
  involved: Involvement[];
  since: Date | null;
  changed: Changed[];
};

const TITLE = 'The journey of a family';
const TYPE = { system: 'https://skein.example/fhir/CodeSystem/document-type', code: 'journey' };

/**
 * The same sections in the same order for every reader: an empty one says that it is, and nothing says that
 * something is not shown but the sentence that closes it for everybody.
 */
export function composeJourney(told: Told, content: Content): Composition {
  const sections = [
    writeStage(told),
    writeSafeContact(told),
    writeInvolved(told, content.involved),
    writeReferrals(told),
    writeNext(told),
    writeChanges(told, content.since, content.changed),
  ];
  const closing = { code: 'closing', title: 'Please note', lines: [NOTICE], refers: [] };
  return {
    resourceType: 'Composition',
    id: told.idOf('Composition'),
    text: { status: 'generated', div: writeAll(TITLE, sections, NOTICE) },
    status: 'final',
    type: { coding: [TYPE], text: TITLE },
    subject: { reference: `Group/${content.journey}` },
    date: told.now.toISOString(),
    author: [{ display: 'Skein' }],
    title: TITLE,
    section: [...sections, closing].map(writeSection),
  };
}
