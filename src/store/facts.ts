/** What save loads, link decides on, and save writes: the shapes between the two stages. */

import type { Consent, Flag, Resource, ServiceRequest } from '@medplum/fhirtypes';
import type { Model } from '../match/model.ts';
import type {
  CareSource,
  Event,
  Evidence,
  Lineage,
  PromptRules,
  Recheck,
  RecordMode,
  Role,
  Sources,
} from '../model.ts';

/**
 * The present state of one resource as its sender says it. Per-element times make folding commutative
 * (src/link/fold.ts).
 */
export type StatementState = {
  key: string;
  type: string;
  systemId: number;
  /** Person key it speaks of: a chart (Patient statement) or, for a logical reference, an NHS-number key. */
  chart: string;
  /**
   * Second key: NHS-number claim (Patient), other end (RelatedPerson), referral (ServiceRequest,
   * EpisodeOfCare).
   */
  ref: string | null;
  /**
   * Further keys that a chart (Patient statement) is found by; null where there are none
   * (src/link/who/keys.ts).
   */
  aliases: string[] | null;
  /** Order of first sight; new statements sort last, in their own order. */
  seq: number;
  /** Stamps: first and latest saying (whole), and per element where only parts were said. */
  first: string;
  base: string;
  times: Record<string, string> | null;
  content: Resource;
  person: string | null;
  /** Of a feed of several teams: the service whose word it is, by the newest message that says; else null. */
  team: string | null;
  /** The team, or else the sending system's service; its sector and kind. */
  service: string;
  sector: string | null;
  kind: string | null;
  /** A person set aside what it says of its number (skein number lift). */
  aside: boolean;
};

export type StoredView = {
  rowId: string;
  type: string;
  id: string;
  version: number;
  digest: string;
  state: string | null;
  owner: string;
  persons: string[];
  authors: string[];
  service: string | null;
};

/**
 * How one service stands to one person in one journey; null: in care that is known to author and addressee
 * only.
 */
export type Involvement = {
  person: string;
  service: string;
  journey: string | null;
  state: 'open' | 'pending' | 'closed';
  since: string | null;
  until: string | null;
};
/**
 * `closes`: ISO instant from which nobody is told anything of this person for being an infant of the journey.
 * `held`: under a safety hold, by which the person opens no other member and is opened by none. `restricted`:
 * by a label of its sender, by which the person is opened by none.
 */
export type Member = {
  journey: string;
  person: string;
  role: Role;
  closes: string | null;
  held: boolean;
  restricted: boolean;
};

/** How the sender of a resource restricts it by a label. */
export type Label = 'restricted' | 'very-restricted';

/** Everything stored that one message can touch: the closure of its identity keys, under lock. */
export type Facts = {
  statements: StatementState[];
  tainted: string[];
  /** Numbers whose identity was changed, as the operator says. */
  frozen: string[];
  views: StoredView[];
  involvements: Involvement[];
  members: Member[];
  /** Of whoever is being erased, every id: what is stored of them goes, and `statements` are without them. */
  erased?: string[];
};

/** One record with every identity resolved to keys; what `record` rows keep. */
export type IdentifiedRecord = {
  position: string;
  saidAt: string;
  stamp: string;
  mapping: string;
  mode: RecordMode;
  statements: IdentifiedStatement[];
  lineage: Lineage[];
};
export type IdentifiedStatement = {
  key: string;
  type: string;
  chart: string;
  ref: string | null;
  /** Key of a number given without a word on its verification, which is then as it was. */
  given?: string;
  aliases?: string[];
  /**
   * A chart that its sender only referred to: whatever it says of it in full takes the place of this,
   * whenever it was said.
   */
  implicit?: true;
  /** To be left out where its sender has said it before: where it says so. */
  unlessKnown?: string;
  local: string;
  nulls: string[];
  assumed?: string[];
  /**
   * The team of its feed that says it, by the id of its service, and the chart that it says it of; of a
   * Patient the key that this patient has in the whole system.
   */
  team?: { service: string; chart: string };
  content: Resource;
};

/**
 * A view as it should be. `state` is what events compare; `owner` is a chart key of the closure it is found
 * by.
 */
export type View = {
  type: string;
  id: string;
  content: Resource;
  /** What it was put together from, where senders share it. */
  sources: Sources | null;
  owner: string | null;
  persons: string[];
  authors: string[];
  service: string | null;
  state: string | null;
};

export type Assertion = {
  kind: 'same' | 'possible-same' | 'parent' | 'possible-parent' | 'named-contact' | 'disputed-number';
  a: string;
  b: string | null;
  method: string;
  evidence: Record<string, string>;
};

/** When time alone changes a family next; `owner` is a chart of it. */
export type Due = { owner: string; at: string };

/** What one message changes. Only differences: an unchanged store gets an empty plan. */
export type Plan = {
  statements: StatementState[];
  assertions: Assertion[];
  insert: (View & { digest: string })[];
  update: (View & { digest: string; rowId: string })[];
  involvements: { upsert: Involvement[]; remove: Pick<Involvement, 'person' | 'service'>[] };
  members: { upsert: Member[]; remove: Pick<Member, 'journey' | 'person'>[] };
  events: (Event | Recheck)[];
  /** Not a change: what is to be computed again without any message. */
  due: Due[];
  forget: Forget;
};

/**
 * Of people whose identity was changed: views that are to be as if they had never been, views that once spoke
 * of them, whose earlier versions go, and the ids of those people.
 */
export type Forget = { rows: string[]; pasts: string[]; persons: string[] };

type Sender = Pick<StatementState, 'service' | 'sector' | 'kind'>;

/** Of a family: who cares for whom, who is in which journey, and what its services are, by their ids. */
export type FamilyRows = {
  involvements: Involvement[];
  members: Member[];
  /** What a person agreed to or refused, by the person. */
  consents: ReadonlyMap<string, Consent[]>;
  /** Birth dates, of each chart that has one, by the person. */
  births: ReadonlyMap<string, string[]>;
  /** Decisions of competence of young people, and who holds parental responsibility, by the person. */
  rulings: ReadonlyMap<string, Flag[]>;
  /** Children who live apart from their birth family. */
  placed: ReadonlySet<string>;
  services: ReadonlyMap<string, Pick<Sender, 'sector' | 'kind'>>;
  asOf: string;
};
/** What one service may know of a family now. */
export type Sight = {
  /** That such care of somebody is given, in that journey. */
  knowsCare: (person: string, journey: string, care: CareSource) => boolean;
  /** What a referral of somebody that was taken up is for; `journey`: its home, if it has one. */
  knowsNeed: (person: string, journey: string | null, care: CareSource) => boolean;
  /** That there is such a person, in that journey. */
  knowsPerson: (person: string, journey: string) => boolean;
  /** The dates of the stages of a journey, by way of this member. */
  knowsDates: (person: string, journey: string) => boolean;
};

/**
 * What the pure `link` is given: sharing rules live in `access` alone, and time passes where somebody looks
 * at a clock.
 */
export type Rules = {
  /** The store's secret, for ids. */
  key: Buffer;
  /** Whose word counts for what. */
  evidence: Evidence;
  /** ISO instant as of which the family is computed. */
  asOf: string;
  /** Weights of who is who: policy/matching.yaml. */
  matching: Model;
  /**
   * The service whose affair some care remains, where only author and addressee may know of it: of a sealed
   * kind, or of a charity that somebody came to by themselves. `service` gives the care, the senders speak of
   * it.
   */
  keeperOf: (service: string | null, senders: Sender[]) => string | null;
  /** A referral to care before a pregnancy: author and addressee alone may know of it until there is one. */
  isPreconception: (referral: ServiceRequest) => boolean;
  /** The strictest label of a resource that restricts it, if one does. */
  labelOf: (content: Resource) => Label | null;
  /** Whose label of a chart restricts the person, in every view of it. */
  mayRestrict: (sector: string | null) => boolean;
  /** When something is a prompt, and of whom: policy/prompts. */
  prompts: PromptRules;
  /** Rules of prompts that are off, since when (milliseconds). */
  off: ReadonlyMap<string, number>;
  /** What a service may know, as access decides it for every way out: of facts that are hidden from it no
   * prompt of its own depends. */
  sightOf: (family: FamilyRows) => (service: string) => Sight;
  /** Has this service sent an observation of any infant that was made after the one time and by the other? */
  observes: (service: string, after: number, by: number) => boolean;
};
