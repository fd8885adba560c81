import type { Category, Level } from '../../src/model.ts';

/** The table as controllers are asked to sign it, own/M/P/I per cell, written apart from policy/sharing.yaml. `*`: with own agreement. */
const TEXT = `
specialist-perinatal         INV F E - S  STG F E - S  DEM F E - S  CON F - - -  REF F - - S  ENC S - - E  CLN S - - E  FRM F E - S  SAF S E - S
mother-and-baby-unit         INV F E - S  STG F E - S  DEM F E - S  CON F - - -  REF F - - S  ENC S - - E  CLN S - - E  FRM F E - S  SAF S E - S
maternity-mh                 INV F E - E  STG F - - S  DEM F E - E  CON F - - -  REF F - - E  ENC S - - -  CLN S - - -  FRM F - - E  SAF S - - E
parent-infant                INV F E - S  STG F S - F  DEM F S - F  CON F S - S  REF F - - S  ENC S - - S  CLN S - - S  FRM F S - S  SAF S E - S
camhs-0-5                    INV F E - S  STG F E - S  DEM F S - S  CON F S - -  REF F - - S  ENC S - - E  CLN S - - E  FRM F S - S  SAF S E - S
maternity                    INV F E - E  STG F - - F  DEM F S - S  CON F - - -  REF S - - E  ENC E - - -  CLN S - - -  FRM S - - -  SAF S E - S
foetal-medicine              INV F E - E  STG F - - F  DEM F S - S  CON F - - -  REF S - - E  ENC E - - -  CLN S - - -  FRM S - - -  SAF S E - S
neonatal                     INV F E - S  STG F E - F  DEM F S - S  CON F S - S  REF F - - S  ENC S - - E  CLN S - - -  FRM S - - S  SAF S E - S
childrens-ward               INV F E - S  STG F E - F  DEM F S - S  CON F S - S  REF F - - S  ENC S - - E  CLN S - - -  FRM S - - S  SAF S E - S
picu                         INV F E - S  STG F E - F  DEM F S - S  CON F S - S  REF F - - S  ENC S - - E  CLN S - - -  FRM S - - S  SAF S E - S
health-visiting              INV F E - S  STG F S - F  DEM F S - F  CON F S - S  REF S - - S  ENC E - - E  CLN S - - E  FRM S S - S  SAF S E - S
family-nurse                 INV F E - S  STG F S - F  DEM F S - F  CON F S - S  REF S - - S  ENC E - - E  CLN S - - E  FRM S S - S  SAF S E - S
gp                           INV F - - -  STG F - - -  DEM F - - -  CON F - - -  REF S - - -  ENC E - - -  CLN S - - -  FRM S - - -  SAF S - - -
adult-services               INV F - - E  STG F - - E  DEM F - - E  CON F - - -  REF F - - -  ENC S - - -  CLN S - - -  FRM F - - -  SAF S E - E
cmht                         INV F - - E  STG F - - E  DEM F - - E  CON F - - -  REF F - - -  ENC S - - -  CLN S - - -  FRM F - - -  SAF S E - E
psychological-therapy        INV F - - E  STG F - - E  DEM F - - E  CON F - - -  REF F - - -  ENC S - - -  CLN S - - -  FRM F - - -  SAF S E - E
camhs-5-18                   INV F - - E  STG F - - E  DEM F - - E  CON F - - -  REF F - - -  ENC S - - -  CLN S - - -  FRM F - - -  SAF S E - E
drug-and-alcohol             INV F - - E  STG F - - E  DEM F - - E  CON F - - -  REF F - - -  ENC S - - -  CLN S - - -  FRM F - - -  SAF S E - E
bereavement                  INV F - - -  STG E - - -  DEM S - - -  CON S - - -  REF S - - -  ENC E - - -  CLN - - - -  FRM S - - -  SAF - - - -
learning-disability          INV F - - E  STG S - - E  DEM F - - E  CON F - - -  REF S - - -  ENC S - - -  CLN S - - -  FRM S - - -  SAF S - - E
criminal-justice             INV S - - E  STG S - - E  DEM F - - -  CON - - - -  REF S - - -  ENC E - - -  CLN S - - -  FRM S - - -  SAF S - - E
childrens-services           INV S - - S  STG E - - S  DEM F - - S  CON S - - -  REF - - - E  ENC - - - -  CLN - - - -  FRM S - - S  SAF S E - S
family-hub                   INV E - - -  STG E - - -  DEM S - - -  CON S - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM - - - -  SAF - - - -
early-years                  INV E - - -  STG E - - -  DEM S - - -  CON S - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM - - - -  SAF - - - -
third-sector                 INV E*- - -  STG E*- - -  DEM S - - -  CON S - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM S*- - -  SAF - - - -
third-sector-partner         INV E*- - -  STG - - - -  DEM S - - -  CON S - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM S*- - -  SAF - - - -
third-sector-domestic-abuse  INV E*- - -  STG - - - -  DEM S - - -  CON S - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM S*- - -  SAF - - - -
commissioner                 INV - - - -  STG - - - -  DEM - - - -  CON - - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM - - - -  SAF - - - -
public-health                INV - - - -  STG - - - -  DEM - - - -  CON - - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM - - - -  SAF - - - -
national                     INV - - - -  STG - - - -  DEM - - - -  CON - - - -  REF - - - -  ENC - - - -  CLN - - - -  FRM - - - -  SAF - - - -
`;

export type ExpectedCell = {
  sector: string;
  category: Category;
  column: 'own' | 'mother' | 'partner' | 'infant';
  level: Level;
  agreement: boolean;
};

export const REFUSED = ['police', 'probation', 'court', 'immigration', 'housing', 'employer'];

export const EXPECTED: ExpectedCell[] = TEXT.trim()
  .split('\n')
  .flatMap((line) => {
    const sector = line.split(' ')[0] as string;
    const cells = [...line.matchAll(/([A-Z]{3}) ([-ESF])([ *])([-ESF]) ([-ESF]) ([-ESF])/g)];
    return cells.flatMap(([, category, own, star, mother, partner, infant]) => {
      const common = { sector, category: category as Category };
      return [
        { ...common, column: 'own' as const, level: own as Level, agreement: star === '*' },
        { ...common, column: 'mother' as const, level: mother as Level, agreement: false },
        { ...common, column: 'partner' as const, level: partner as Level, agreement: false },
        { ...common, column: 'infant' as const, level: infant as Level, agreement: false },
      ];
    });
  });
