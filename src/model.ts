/**
 * The vocabulary every stage speaks (docs/architecture.md). Types only: stages never import one another, they
 * share these.
 */
import type { Extension, Patient, Period, Resource } from '@medplum/fhirtypes';

/**
 * A team that cares for people: ODS code + team. Its sector is a column of `policy/sharing.yaml`; null sees
 * nothing of others.
 */
export type Service = {
  id: string;
  name: string;
  ods: string;
  team: string;
  sector: string | null;
  kind: string | null;
};

/**
 * How the team on duty is reached: `hours` as `readHours` takes them, `confirmed` the day on which the number
 * was last found right.
 */
export type DutyContact = { phone: string; hours: string; confirmed: string };

/** Software that sends or subscribes, and the service it acts for. `source` names a folder of `mappings/`. */
export type System = {
  id: number;
  name: string;
  service: Service;
  source: string | null;
  dialect: string | null;
  /**
   * What HL7 v2 senders are told of a held message, AA, AE or CE for all or by kind (`event=AA,ours=CE`): AE
   * stops some engines' whole feed.
   */
  onHeld: string;
  /** Types and events of HL7 v2 (`ORU`, `ADT^A60`) that are acknowledged, counted and not kept. */
  ignore?: string[];
  /** Its NHS numbers were traced, though its messages give no tracing status; else they are not verified. */
  numbers?: 'traced' | null;
  /**
   * What it may write in MSH-3 and MSH-4, as `APPLICATION|FACILITY` in capitals (`*`: any facility); none or
   * absent: whatever it likes.
   */
  msh?: string[];
  /** SMART scopes (`system/Patient.rs`) that it is registered with; null or absent: none limits it. */
  scopes?: string[] | null;
  /** Whatever it shows to prove who it is, it is refused. */
  disabled?: boolean;
};

/** What a person may do: the words of the file that HUMAN_ROLES names. */
export const HUMAN_ROLES = ['clinician', 'reviewer', 'engineer', 'operator', 'governance'] as const;
export type HumanRole = (typeof HUMAN_ROLES)[number];

/**
 * A person for whom an issuer vouches (docs/adr/0026-human-identity.md). `subject`: as that issuer calls
 * them; `role` and `organisation`: code of the role selected, and ODS code of where; `may`: what that lets
 * them do.
 */
export type Human = {
  issuer: string;
  subject: string;
  name: string | null;
  role: string;
  organisation: string;
  may: HumanRole[];
};

/**
 * Who is asking: the loopback operator of AUTH=none, and whoever is signed in to the pages as who runs Skein,
 * see all; anyone else is a system acting for its service. `scopes`: those of its access token, where it has
 * one. `human`: the person at that system, where it says.
 */
export type Recipient =
  | { kind: 'operator'; name: string; human?: Human }
  | { kind: 'system'; system: System; scopes?: string[]; human?: Human };

export type Channel = 'bars' | 'fhir' | 'intake' | 'mllp';

/** One inbound document exactly as received. */
export type Message = {
  system: System;
  channel: Channel;
  contentType: string;
  body: Buffer;
  /** The sender's own id for it (MSH-10, `request|correlation`, Idempotency-Key, or the body's hash). */
  identifier: string;
  /** hex SHA-256 of canonical JSON, or of the exact bytes for v2 and CSV: what "same content" means. */
  contentHash: string;
  /** The source whose mapping reads it: `hl7v2-adt`, `bars-referral`, `birth-notification` … */
  source: string;
  /** Absent: it is being received now, or was not received at all (the workbench). */
  receivedAt?: Date;
  /** What its trace goes on from: the sender's header, and once it is taken in, that span. */
  trace?: string;
};

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What parse gives: one unit per CSV row, else a single unit. */
export type Document = { format: 'hl7v2' | 'fhir' | 'csv' | 'json' | 'xml'; units: Unit[] };

/**
 * `position` names it for people: `row 3`, or '' for a whole message. A unit that could not be read has
 * `error` instead of content; `issues` are warnings of how it was read.
 */
export type Unit = { position: string; tree: Json; error?: Issue; issues?: Issue[] };

/** One thing wrong, in the sender's own field names first. Severity error holds the unit. */
export type Issue = {
  severity: 'error' | 'warning' | 'information';
  /** FHIR issue-type code: required, value, invalid, not-supported, structure, business-rule … */
  code: string;
  /** The sender's field: `PID-7`, `row 3, birth_date`, a JSON pointer. */
  field?: string;
  /** FHIRPath of the target element. */
  expression?: string;
  text: string;
};

/** Where one element of a mapped resource came from. */
export type Lineage = { element: string; source: string; rule: string };

/**
 * One resource as one sender says it. References to other statements of the same record are `#local`; all
 * others are as sent. `identifier` ("system|value") with the sending system is its identity; absent, its
 * identity is the record's own content.
 */
export type Statement = {
  local: string;
  resource: Resource;
  identifier?: string;
  /**
   * All that it may be called ("system|value") by other messages: a referral, or an answer by the referral
   * that it answers.
   */
  names?: string[];
  /** Top-level elements the sender explicitly emptied (HL7 v2 `""`). */
  nulls?: string[];
  /**
   * Top-level elements that the message says nothing of: in a delta they hold only while the sender has never
   * said them.
   */
  assumed?: string[];
  /**
   * The sender's own id of a Patient that has a business identifier, too: later messages may refer to it by
   * either.
   */
  ownId?: string;
  /** To be left out where the sender has said this before: where it says so. */
  unlessKnown?: string;
};

/**
 * snapshot: a statement replaces what was said of that resource before; delta: absent elements are no news;
 * cells: nor are absent parts of a name, an address or the telecoms, each of which has a field of its own.
 */
export type RecordMode = 'snapshot' | 'delta' | 'cells';

/** What one unit of a message says, mapped, in that sender's terms; never edited. */
export type SourceRecord = {
  position: string;
  /** ISO instant at which the sender says this was so; orders statements, whatever the order of arrival. */
  saidAt: string;
  /** `name@version` of the mapping. */
  mapping: string;
  mode: RecordMode;
  statements: Statement[];
  lineage: Lineage[];
};

/**
 * `held`: kept until its mapping or its sender is mended. `failed`: kept, and the fault is ours (a bug, or a
 * mapping that is not loaded): sent again or replayed it is tried again.
 */
export type MessageStatus = 'accepted' | 'held' | 'rejected' | 'failed';

/** What became of a message: the stored answer, given again to a retry. */
export type Answer = {
  /** `ignored`: left out by the feed rule of its system, and not kept. */
  status: MessageStatus | 'ignored';
  /** True where this is the stored answer to an earlier delivery of the same message. */
  duplicate: boolean;
  /** Refused because the id was used before for other, accepted content. */
  conflict: boolean;
  /** Skein's id of the stored message; '' of an ignored one. */
  messageId: string;
  identifier: string;
  units: { position: string; status: MessageStatus; issues: Issue[] }[];
  /** Skein's id of the referral that a message makes or changes, where it is taken now. */
  referral?: string;
};

/** The closed list of event codes of the one topic. */
export const EVENT_CODES = [
  'referral-received',
  'referral-accepted',
  'referral-declined',
  'referral-redirected',
  'referral-undelivered',
  'episode-started',
  'episode-changed',
  'episode-ended',
  'encounter',
  'member-linked',
  'member-unlinked',
  'person-merged',
  'person-unmerged',
  'stage-changed',
  'contact-stop',
  'loss',
  'loss-retracted',
  'withdrawn',
  'prompt-raised',
  'prompt-cleared',
] as const;
export type EventCode = (typeof EVENT_CODES)[number];

/** Information categories: the columns of `policy/sharing.yaml`. */
export const CATEGORIES = ['INV', 'STG', 'DEM', 'CON', 'REF', 'ENC', 'CLN', 'FRM', 'SAF'] as const;
export type Category = (typeof CATEGORIES)[number];

/** A young person; `held`: one of whom nobody knows but their own services. */
export type Youth = 'young' | 'held';

/** none, existence, summary, full. */
export type Level = '-' | 'E' | 'S' | 'F';

/** Roles of a person in one journey: the columns M, P and I of the table. */
export const ROLES = ['mother', 'partner', 'infant'] as const;
export type Role = (typeof ROLES)[number];

/**
 * Something may have been taken away from somebody: whoever was told of one of these resources, by id, is
 * asked about again, and told of each that it may not read any more (src/deliver/number/take-back.ts).
 * Internal: it is sent to nobody.
 */
export type Recheck = { code: 'recheck'; foci: string[]; message?: Event['message']; trace?: string };

/** A change that someone may be told of. Ids only. */
export type Event = {
  code: EventCode;
  /** Group id, when the change belongs to one. */
  journey: string | null;
  /**
   * Patient ids: every one of them must be visible to a recipient (category below) for the event to be told.
   * Of contact-stop and loss the infant and the mother, and of a stage every member but a partner: one is
   * enough.
   */
  persons: string[];
  /** What must be visible of them. */
  category: Category;
  /**
   * Services the event is about (referral: referrer and named receiver; person-merged: those whose record
   * went).
   */
  services: string[];
  /** The only services that are told: of a death, those who are concerned and have not been told. */
  to?: string[];
  focus: { type: string; id: string };
  /**
   * Of contact-stop: planned contacts and care that goes on of those who are told, the next contact first.
   * The first that is its own is what a service is told of, else `focus`.
   */
  own?: { service: string; type: 'Encounter' | 'EpisodeOfCare'; id: string }[];
  stage: string | null;
  /** Held back when it was news, since a loss stood: for whoever was never told of the focus. */
  late?: true;
  /** Of a referral that is not routine: its receiver is to be reached within the hour. */
  urgent?: true;
  /** Of a prompt that a rule raised: its code. Counted, and sent to nobody. */
  prompt?: string;
  /** Of member-unlinked and withdrawn: which column the focus was in, for those who are named (`to`). */
  role?: Role;
  /**
   * The row of the message that made it, and its sender; a sender alone is told which of its own that was.
   */
  message?: { id: string; system: number };
  /** What the trace of that message goes on from, where there is one. Sent to nobody as it is. */
  trace?: string;
};

/** Care, as far as it decides who may know of it: the service that gives it and those whose word it is. */
/**
 * `sealed`: care before a pregnancy, which nobody else may know of until there is one, or labelled very
 * restricted. `patientOf`: care of this person, labelled restricted: known to who has that patient.
 */
export type CareSource = { service: string | null; authors: string[]; sealed?: true; patientOf?: string };

/**
 * What one piece of care says of infants to come: how many, and on which day (a FHIR date); or (`ended`) that
 * the pregnancy ended without a living infant.
 */
export type ExpectedSource = CareSource & { infants?: number; due?: string; ended?: true };

/** One sender's chart of a person. `named`: by a name, no placeholder. `verified`: its NHS number counts. */
export type ChartSource = {
  author: string;
  content: Patient;
  named: boolean;
  verified: boolean;
  /** Care by which others may know that its author has a part. */
  care: CareSource[];
  /** Services that its author asked to see this person: what it says of them is said to these, too. */
  referredTo: string[];
  /** Of the national record, as tracing found it: known to whoever may know the element. */
  national?: true;
  /** By its label known to its author and to whom that referred the person, and to nobody else. */
  inside?: true;
};

/**
 * What a shared view was put together from, newest first. What one recipient sees is put together again from
 * the parts that it may know (sharing rule 21), so that a fact which is hidden from it changes nothing.
 */
export type Sources = (
  | { charts: ChartSource[]; contact?: SafeContact; parental?: Extension[] }
  | {
      care: (CareSource & { period?: Period })[];
      /** Of a pregnancy whose birth nobody has told of: the last word last. */
      expected?: ExpectedSource[];
    }
) & {
  /**
   * Who of its persons is held: decides nothing here. It makes a hold write the row anew, as the end of a
   * relation does, so that no version and no time tells the one from the other.
   */
  held?: string[];
};

/** How to reach a person safely (extension `safe-contact`), as a service says, or (null) the operator. */
export type SafeContact = { author: string | null; said: Extension };

/** One row of the `resource` table: a view, never edited by hand. */
export type ResourceRow = {
  rowId: string;
  type: string;
  id: string;
  version: number;
  updatedAt: Date;
  content: Resource;
  /** Compartments: every person it speaks of, the subject first. */
  persons: string[];
  /** Services that said it. */
  authors: string[];
  /** The service it is about (managing organisation, performer), if one. */
  service: string | null;
  /** Of Patient, Group and CareTeam. */
  sources: Sources | null;
};

/**
 * What the word of one group of sectors counts for: a row of `policy/evidence.yaml`, which says what each
 * word means.
 */
export type Weight = {
  gestational: 'A' | 'A-if-verified' | 'supports' | 'never';
  parent: 'A' | 'B' | 'B-own-patient' | 'C' | 'D';
  number: 'establishes' | 'own-patient' | 'joins' | 'claim';
  contest: 'everything' | 'below-A' | 'own-patient' | 'worklist';
};

/** Whose word counts for what, by sector; a sector that is not there says nothing that counts. */
export type Evidence = {
  weights: ReadonlyMap<string, Weight>;
  /**
   * Younger than this when a service first called somebody the mother: that waits for evidence of the birth,
   * `waitDays`.
   */
  newbornDays: number;
  waitDays: number;
};

/** Of a ServiceRequest: https://hl7.org/fhir/R4/valueset-request-priority.html */
export const PRIORITIES = ['routine', 'urgent', 'asap', 'stat'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * When something is a prompt of somebody, of each code: `policy/prompts`. One that is left out is raised for
 * nobody. `sectors`: of the services that may own it.
 */
export type PromptRules = {
  /** Days within which a referral is to be answered; of `services`, by `ODS|team`, their own. */
  'referral-unanswered'?: {
    answerWithinDays: Record<Priority, number>;
    services: Record<string, Partial<Record<Priority, number>>>;
  };
  /** `ofMother`: sectors that own it by way of a patient who is the mother. */
  'hand-over'?: { months: number[]; sectors: string[]; ofMother: string[] };
  'parent-in-view'?: { sectors: string[]; afterDays: number };
  /**
   * Nothing of the infant recorded in `everyDays` by an owner whose system has sent anything of any infant in
   * `systemWithinDays`. `focus`: care focus of a contact that counts.
   */
  'how-is-the-baby'?: { sectors: string[]; everyDays: number; systemWithinDays: number; focus: string[] };
  /** `quietDays`: after a loss. */
  'partner-offer'?: { sectors: string[]; quietDays: number };
  /** Of all: how many an owner is told of in a day, and when a rule that is mostly dismissed ends. */
  'every-prompt'?: { perOwnerPerDay: number; switchOff: { share: number; atLeast: number } };
  'talk-before-reassessing'?: { withinDays: number; forDays: number };
};
export type PromptCode = Exclude<keyof PromptRules, 'every-prompt'>;
