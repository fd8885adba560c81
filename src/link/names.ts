/** Name agreement: what counts as the same given name, and what is no name at all. */

const NICKNAMES: string[][] = [
  ['katherine', 'catherine', 'kathryn', 'kate', 'katie', 'kathy', 'cathy', 'kat'],
  ['elizabeth', 'elisabeth', 'liz', 'lizzie', 'beth', 'betty', 'eliza', 'libby'],
  ['margaret', 'maggie', 'meg', 'peggy', 'megan'],
  ['william', 'will', 'bill', 'billy', 'liam'],
  ['robert', 'rob', 'bob', 'bobby', 'robbie'],
  ['richard', 'rich', 'rick', 'dick', 'richie'],
  ['james', 'jim', 'jimmy', 'jamie'],
  ['thomas', 'tom', 'tommy'],
  ['michael', 'mike', 'mick', 'mickey'],
  ['christopher', 'chris', 'kit'],
  ['christine', 'christina', 'chris', 'tina', 'chrissie'],
  ['alexander', 'alex', 'sandy', 'xander'],
  ['alexandra', 'alex', 'sandra', 'lexi'],
  ['samantha', 'sam', 'sammy'],
  ['samuel', 'sam', 'sammy'],
  ['benjamin', 'ben', 'benny'],
  ['daniel', 'dan', 'danny'],
  ['matthew', 'matt'],
  ['andrew', 'andy', 'drew'],
  ['anthony', 'tony'],
  ['joseph', 'joe', 'joey'],
  ['josephine', 'jo', 'josie'],
  ['joanna', 'joanne', 'jo'],
  ['jennifer', 'jen', 'jenny'],
  ['jessica', 'jess', 'jessie'],
  ['rebecca', 'becky', 'becca'],
  ['rachel', 'rachael'],
  ['susan', 'sue', 'susie'],
  ['victoria', 'vicky', 'tori'],
  ['abigail', 'abi', 'abby'],
  ['isabella', 'isabel', 'isobel', 'izzy', 'bella'],
  ['charlotte', 'charlie', 'lottie'],
  ['charles', 'charlie', 'chuck'],
  ['edward', 'ed', 'eddie', 'ted', 'teddy'],
  ['nicholas', 'nick', 'nicky'],
  ['nicola', 'nicole', 'nicky', 'nikki'],
  ['patricia', 'pat', 'tricia', 'trish'],
  ['patrick', 'pat', 'paddy'],
  ['theodore', 'theo', 'ted', 'teddy'],
  ['oliver', 'olly', 'ollie'],
  ['olivia', 'liv', 'livvy'],
  ['amelia', 'millie', 'amy'],
  ['emily', 'em', 'emmie'],
  ['gabriella', 'gabrielle', 'gabby', 'ella'],
  ['mohammed', 'muhammad', 'mohamed', 'mohammad', 'mo'],
];
const NICKNAME_GROUPS = new Map<string, Set<number>>();
for (const [group, names] of NICKNAMES.entries()) {
  for (const name of names) {
    const groups = NICKNAME_GROUPS.get(name) ?? new Set<number>();
    NICKNAME_GROUPS.set(name, groups.add(group));
  }
}

const PLACEHOLDER =
  /^(baby|babe|infant|newborn|neonate|bby|boy|girl|twin|male|female|unknown|unnamed|not ?named|nn|na|tbc|test|mr|mrs|ms|miss|master)( ?(boy|girl|twin|male|female|of|one|two|a|b|i|ii|1|2|\d))*$/;

export function normaliseName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N} ]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** "Baby Smith", "Twin 1", "Unknown": a name that names nobody. */
export function isPlaceholder(given: string): boolean {
  return given === '' || PLACEHOLDER.test(given);
}

function sameGiven(a: string, b: string): boolean {
  if (a === b) return true;
  const groups = NICKNAME_GROUPS.get(a);
  const others = NICKNAME_GROUPS.get(b);
  return groups !== undefined && others !== undefined && [...groups].some((group) => others.has(group));
}

/** Two given-name lists: `agree` (a shared name or nickname), `conflict`, or `unknown` where one has no full name. */
export function compareGiven(a: string[], b: string[]): 'agree' | 'conflict' | 'unknown' {
  const mine = a.map(normaliseName).filter((name) => !isPlaceholder(name));
  const theirs = b.map(normaliseName).filter((name) => !isPlaceholder(name));
  if (mine.length === 0 || theirs.length === 0) return 'unknown';
  if (mine.some((name) => name.length > 1 && theirs.some((other) => sameGiven(name, other)))) return 'agree';
  const initials = [mine, theirs].some((names) => names.every((name) => name.length === 1));
  if (initials && mine[0]?.[0] === theirs[0]?.[0]) return 'unknown';
  return 'conflict';
}
