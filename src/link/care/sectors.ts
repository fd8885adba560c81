/** What the sector of a service means for a family. */

/** Whose contact with a woman shows that a pregnancy is known. */
export const ANTENATAL = new Set(['maternity', 'foetal-medicine']);
/** Whose care of a mother ends within weeks of the birth. */
export const MATERNITY = new Set([...ANTENATAL, 'neonatal']);
/** Whose contacts with a woman are about herself, and go on whatever becomes of a pregnancy. */
export const OF_HERSELF = new Set([
  'specialist-perinatal',
  'maternity-mh',
  'cmht',
  'adult-services',
  'psychological-therapy',
  'learning-disability',
  'drug-and-alcohol',
  'criminal-justice',
  'bereavement',
]);
/** Whose contacts with a mother are about the child of hers that they care for. */
export const OF_A_CHILD = new Set([
  'camhs-0-5',
  'camhs-5-18',
  'parent-infant',
  'childrens-services',
  'childrens-ward',
  'picu',
  'early-years',
]);
/** Who may declare a loss (sharing.md, "Loss and contact-stop"). */
export const DECLARES_LOSS = new Set([
  ...MATERNITY,
  'picu',
  'childrens-ward',
  'mother-and-baby-unit',
  'national',
]);
