/**
 * Data types of HL7 v2.4 to 2.9 (chapter 2A) by component, as far as paths may go into them; a source.yaml
 * may add its own.
 */
export const HL7_TYPES: Record<string, string[]> = {
  CX: 'ST ST ID HD ID HD DT DT CWE CWE'.split(' '),
  HD: 'IS ST ID'.split(' '),
  EI: 'ST IS ST ID'.split(' '),
  EIP: 'EI EI'.split(' '),
  XPN: 'FN ST ST ST ST IS ID ID CWE DR ID TS TS ST ST'.split(' '),
  FN: 'ST ST ST ST ST'.split(' '),
  XAD: 'SAD ST ST ST ST ID ID ST CWE CWE ID DR TS TS'.split(' '),
  SAD: 'ST ST ST'.split(' '),
  XTN: 'ST ID ID ST ST ST ST ST ST ST ST ST TS TS'.split(' '),
  CWE: 'ST ST ID ST ST ID ST ST ST'.split(' '),
  PL: 'HD HD HD HD IS IS HD HD ST EI HD'.split(' '),
  XON: 'ST IS NM ST ID HD ID HD ID ST'.split(' '),
  PLN: 'ST IS ST DT'.split(' '),
  DR: 'TS TS'.split(' '),
  TQ: 'ST ST ST TS TS ST ST ST ST ST ST ST'.split(' '),
  MSG: 'ID ID ID'.split(' '),
  PT: 'ID ID'.split(' '),
  TS: 'TS ID'.split(' '),
};

/** Those without parts that a source.yaml may name. */
export const HL7_PRIMITIVES = 'ST TX FT ID IS NM SI DT DTM TM'.split(' ');
