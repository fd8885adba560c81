import { MATCHING } from '../../access/decide/matching.ts';
import type { Model } from '../../match/model.ts';
import { type Command, type Flags, readInput, WrongUse } from '../command.ts';
import { evaluateFebrl, evaluateRecords } from '../evaluate/evaluate.ts';
import { readFebrl, readRecords, type Truth } from '../evaluate/read-truth.ts';
import { printJson } from '../terminal.ts';

export const FORMATS = ['records', 'febrl'];

export const evaluate: Command = {
  summary: 'how well records of known people are told apart and joined',
  options: ['format', 'without-identifier'],
  help: `Usage: skein match evaluate --format records FILE
       skein match evaluate --format febrl FILE [FILE_B] [--without-identifier]

Scores every pair of records of a file that might be one person, by the rules and weights that intake has, and
prints as JSON how that compares with the truth in the file:
  precision, recall, f1   of pairs of records in one cluster
  falseLinks              pairs in one cluster that are two people
  clusterRecall           joins made of those that were needed
  wholePersons            share of people all of whose records are in one cluster
  reviewsPerRecord, reviewsPer1000Births, recallAfterReview
                          what people are asked, and what is joined when they are always right

records is CSV with the columns record_id, person_id (the truth), source, nhs_number, nhs_verified, given, family,
birth_date, sex, address_line, postcode, phone, multiple_birth, birth_order, mother_nhs_number.
febrl is CSV as the FEBRL data sets have it; nobody there is anybody's family, so who is joined is decided by bits
alone, with weights learned from the file without its truth. With two files only pairs across count.

Examples:
  skein match evaluate --format records families.csv
  skein match evaluate --format febrl dataset4a.csv dataset4b.csv --without-identifier

Exit codes: 0 done; 2 used wrongly.
`,
  run: async (files, flags) => {
    printJson(roundAll(evaluateFiles(files, flags, MATCHING)));
    return 0;
  },
};

function evaluateFiles(files: string[], flags: Flags, model: Model) {
  const truth = readTruth(files, flags);
  return flags.format === 'febrl' ? evaluateFebrl(truth, model) : evaluateRecords(truth, model);
}

/** Throws WrongUse where no such files can be read in this format. */
export function readTruth(files: string[], flags: Flags): Truth[] {
  const { format } = flags;
  if (!FORMATS.includes(format ?? '')) throw new WrongUse(`--format is one of ${FORMATS.join(', ')}`);
  if (files.length > (format === 'febrl' ? 2 : 1)) throw new WrongUse(`too many files for ${format}`);
  if (format === 'records') {
    if (flags['without-identifier']) throw new WrongUse('--without-identifier is for febrl');
    return readRecords(readInput(files[0]));
  }
  const identifier = !flags['without-identifier'];
  const bodies = files.length > 0 ? files : [undefined];
  return bodies.flatMap((name, file) => readFebrl(readInput(name), { file, identifier }));
}

const roundAll = (figures: object) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(6))]));
