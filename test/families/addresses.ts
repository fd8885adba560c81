/** Where families live: postcodes of the usual shape, a street to each; blocks of flats, hostels and refuges. */
import { type Chance, chanceOf } from './random.ts';

export type Address = { line: string; postcode: string };

const AREAS =
  'B BA BD BH BL BN BR BS CA CB CF CH CM CO CR CT CV DA DE DH DN DT E EN EX GL GU HA HD HG HP HR HU HX IG IP KT L LA LD LE LL LN LS LU M ME MK N NE NG NN NP NR NW OL OX PE PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TF TN TQ TR TS TW UB W WA WD WF WN WR WS WV YO'.split(
    ' ',
  );
const STREETS =
  'High Station Church Park Victoria Mill Green Manor Queens Kings Albert Alexandra Windsor New School Grange North South West East Chapel Springfield Highfield Stanley George York London Richmond Chester Oak Elm Ash Beech Cedar Willow Poplar Hawthorn Meadow Orchard Garden Hill Valley River Bridge Canal Castle Abbey Priory Market Wharf Dock Quarry Colliery Foundry Wellington Nelson Clarence Regent Cromwell Milton Shakespeare Byron Tennyson'.split(
    ' ',
  );
const KINDS = 'Road,Street,Avenue,Close,Lane,Drive,Gardens,Crescent,Terrace,Way,Place,Grove,Court,Walk'.split(
  ',',
);
const BLOCKS =
  'Attlee House,Keir Hardie Court,Bevan Tower,Lansbury Heights,Cavell Point,Fry House,Nightingale Court,Seacole House,Pankhurst Tower,Somerville Court,Franklin House,Anning Point'.split(
    ',',
  );
const SHELTERS =
  'Women and Families Hostel,The Refuge,Mother and Baby Unit,Initial Accommodation Centre,Travel Lodge Emergency Rooms,Night Stop Hostel'.split(
    ',',
  );
const LAST = 'ABDEFGHJLNPQRSTUWXYZ';

function postcodeOf(chance: Chance): string {
  const unit = chance.pick([...LAST]) + chance.pick([...LAST]);
  return `${chance.pick(AREAS)}${chance.int(1, 20)} ${chance.int(0, 9)}${unit}`;
}

/** One street to a postcode, whoever lives there. */
const streetOf = (postcode: string) => {
  const chance = chanceOf(`street ${postcode}`);
  return `${chance.pick(STREETS)} ${chance.pick(KINDS)}`;
};

/** A place that many share: the same name, street and postcode whenever the same one is chosen. */
function sharedPlace(seed: string, kind: string, names: readonly string[]): Address {
  const chance = chanceOf(`${seed} ${kind}`);
  const postcode = postcodeOf(chance);
  return { line: `${chance.pick(names)}, ${chance.int(1, 80)} ${streetOf(postcode)}`, postcode };
}

/**
 * Where one family may live. One in 20 lives in a block of forty flats or so, one in 100 in one of twelve hostels and
 * refuges; few have no fixed abode (ZZ99).
 */
export function addressOf(chance: Chance, seed: string): Address {
  const draw = chance.next();
  if (draw < 0.01) return sharedPlace(seed, `shelter ${chance.int(1, 12)}`, SHELTERS);
  if (draw < 0.016)
    return {
      line: chance.is(0.5) ? 'NO FIXED ABODE' : '',
      postcode: chance.pick(['ZZ99 3VZ', 'ZZ99 3WZ', 'ZZ99 3CZ']),
    };
  if (draw < 0.07) {
    const block = sharedPlace(seed, `block ${chance.int(1, 400)}`, BLOCKS);
    return { ...block, line: `Flat ${chance.int(1, 60)}, ${block.line}` };
  }
  const postcode = postcodeOf(chance);
  const flat = chance.is(0.12) ? `Flat ${chance.pick(['1', '2', '3', 'A', 'B'])}, ` : '';
  return { line: `${flat}${chance.int(1, 140)} ${streetOf(postcode)}`, postcode };
}
