/** Synthetic traffic: people who never lived, with numbers of the 999 test range. The n-th message is always the same one. */

const GIVEN = 'Amina Beth Carys Dalia Esme Farah Grace Hana Isla Joy Kezia Leila Maeve'.split(' ');
const FAMILY = [
  'Testabey',
  'Testbrook',
  'Testcombe',
  'Testdale',
  'Testeaves',
  'Testford',
  'Testgrove',
  'Testhurst',
];
const YEAR = 1980;
const FIRST = Date.UTC(2026, 8, 1);

export type Person = { nhs: string; given: string; family: string; born: string };

/** The check digit of nine digits by Modulus 11, or null for the one in eleven that has none. */
function checkDigit(nine: number): number | null {
  const sum = [...String(nine)].reduce((total, digit, index) => total + Number(digit) * (10 - index), 0);
  const check = (11 - (sum % 11)) % 11;
  return check < 10 ? check : null;
}

const numbers: string[] = [];
let nextBase = 999_000_000;

/** The n-th valid NHS number of the 999 range, n from 0; there are some 900,000. */
function nhsNumber(n: number): string {
  while (numbers.length <= n) {
    const base = nextBase++;
    const check = checkDigit(base);
    if (check !== null) numbers.push(`${base}${check}`);
  }
  return numbers[n] as string;
}

/** A second for each message. */
export const instant = (n: number) => new Date(FIRST + n * 1_000).toISOString().replace('.000Z', '+00:00');

export function person(n: number): Person {
  const day = new Date(Date.UTC(YEAR, 0, 1 + ((n * 37) % 9_000)));
  return {
    nhs: nhsNumber(n),
    given: GIVEN[n % GIVEN.length] as string,
    family: `${FAMILY[Math.floor(n / GIVEN.length) % FAMILY.length]}${(n % 977).toString(36)}`,
    born: day.toISOString().slice(0, 10),
  };
}

/** The n-th admission as ADT A01, of a patient not heard of before unless another is named. Segments end in CR. */
export function admission(n: number, { person: of = n } = {}): string {
  const at = instant(n).replace(/[-:T]|\+.*/g, '');
  const { nhs, given, family, born } = person(of);
  return [
    `MSH|^~\\&|BENCHPAS|RXC|SKEIN|SKEIN|${at}||ADT^A01^ADT_A01|ADT${n}|P|2.4|||AL|NE||UNICODE UTF-8`,
    `EVN|A01|${at}`,
    `PID|1||MRN${of}^^^RXC^PI~${nhs}^^^NHS^NH||${family.toUpperCase()}^${given.toUpperCase()}^^^Ms||${born.replaceAll('-', '')}|F|||` +
      `${n % 200} Synthetic Street^^Testham^^ZZ99 3VZ||07700 900${String(n % 1000).padStart(3, '0')}|||||||||||||||||||NSTS01`,
    `NK1|1|TESTKIN^SAM|SPO|${n % 200} Synthetic Street^^Testham^^ZZ99 3VZ|07700 900999`,
    `PV1|1|I|MBU^B002^01^RXC||||C1234567^TESTWORTHY^NIA^^^Dr|||501||||||||NHS|VISIT${n}^^^RXC|||||||||||||||||||||||||${at}`,
    '',
  ].join('\r');
}

/** Messages one after the other, some of them made beforehand. */
export class Supply<Made> {
  readonly #make: (n: number) => Made;
  #stock: Made[] = [];
  #made: number;

  constructor(make: (n: number) => Made, first = 0) {
    this.#make = make;
    this.#made = first;
  }

  stock(count: number): void {
    const fresh = Array.from({ length: Math.max(0, count - this.#stock.length) }, () =>
      this.#make(this.#made++),
    );
    this.#stock = [...fresh.reverse(), ...this.#stock];
  }

  next(): Made {
    return this.#stock.pop() ?? this.#make(this.#made++);
  }
}
