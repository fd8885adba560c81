/**
 * What each role may do with each table of a store: all rights that are granted, and so all that there are.
 * The owner of the tables migrates, restores and drops what has expired; it serves nobody.
 */
export type Right = 'select' | 'insert' | 'update' | 'delete';

/** Facts, and what is kept of them: added to, never changed and never removed. */
const FACT: Right[] = ['select', 'insert'];
/** Rows that come and go, and are never changed. */
const PASSING: Right[] = ['select', 'insert', 'delete'];
/** Rows that change, and stay. */
const STATE: Right[] = ['select', 'insert', 'update'];
/** Computed from facts, or of deliveries. */
const VIEW: Right[] = ['select', 'insert', 'update', 'delete'];

/** The role that receives, links, answers and delivers. */
export const SERVICE: Record<string, Right[]> = {
  message: FACT,
  record: FACT,
  assertion: FACT,
  // Of both `skein_lift` takes rows away, with the row that says who did.
  tainted: FACT,
  frozen: FACT,
  lift: FACT,
  set_aside: FACT,
  deferral: FACT,
  policy_approval: FACT,
  removal: FACT,
  erasure: FACT,
  clock: FACT,
  audit: FACT,
  audit_segment: FACT,

  intake: STATE,
  statement: STATE,
  attempt: STATE,
  glass: STATE,
  // But the store's own key, by a policy of rows.
  setting: STATE,
  service: STATE,
  system: STATE,
  subscription: STATE,
  duty_contact: STATE,
  journey_look: STATE,
  page_look: STATE,
  ignored: STATE,
  prompt_rule: STATE,
  trace: STATE,
  tracing: STATE,

  outbox: PASSING,
  event: PASSING,
  pending: PASSING,
  told: PASSING,
  index_token: PASSING,
  index_date: PASSING,
  index_string: PASSING,
  resource_history: PASSING,
  access_token: PASSING,
  used_assertion: PASSING,
  glass_attempt: PASSING,
  urgent_alert: PASSING,
  withheld: PASSING,
  unreached: PASSING,
  heard: PASSING,
  system_team: PASSING,

  resource: VIEW,
  involvement: VIEW,
  member: VIEW,
  due: VIEW,
  notification: VIEW,
  subscription_filter: VIEW,
  snapshot: VIEW,
  warning: VIEW,
  session: VIEW,

  migration: ['select'],
};

/** The role that what is read for somebody is read by, which sees few of the rows (046-wall.sql). */
export const READER: Record<string, Right[]> = { resource: ['select'], resource_history: ['select'] };

/** What the service does by the owner's rights, each one named. */
export const SERVICE_FUNCTIONS = [
  'skein_partitions(integer)',
  'skein_lift(uuid, text, uuid[], jsonb)',
  'skein_writing_since()',
  'skein_data_directory()',
];

export const READER_FUNCTIONS = [
  'skein_reaches(uuid, text, uuid, uuid[])',
  'skein_linked(smallint[], bigint[])',
];
