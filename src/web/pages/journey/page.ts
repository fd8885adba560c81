/** The page of a family: one view model, made from what `$journey` told its reader and from nothing else. */
import { NOTICE } from '../../../access/decide/decide.ts';
import { drawPicture, type Format, type Picture, type Scene } from '../draw/picture.ts';
import { chooseWindow } from '../draw/scale.ts';
import { monthOf, nameTogether, sayCount } from '../words.ts';
import { type Given, sortGiven, type Told } from './given.ts';
import { describeInvolved, describeNext, type InvolvedRow, type NextRow } from './involved.ts';
import { type Lane, layOutLanes } from './lanes.ts';
import { findMembers, type Member } from './members.ts';
import { nameFor } from './names.ts';
import { findNews, type News } from './news.ts';
import { type Card, describePeople, NOBODY } from './people.ts';
import { describeStages, type Strip } from './stages.ts';
import { findToDo, type ToDo } from './to-do.ts';
import { type TwinRow, writeTwin } from './twin.ts';

export type JourneyPage = {
  heading: string;
  people: Card[];
  /** In the place of a partner of whom nothing may be shown. */
  nobody: typeof NOBODY | null;
  strips: Strip[];
  toDo: ToDo;
  news: News;
  span: string;
  isWhole: boolean;
  pictures: Picture[];
  rows: TwinRow[];
  summary: string;
  involved: InvolvedRow[];
  next: NextRow[];
  notice: string;
};

export type Shape = { isWhole: boolean; formats: Format[] };

export function makeJourneyPage(told: Told, { isWhole, formats }: Shape): JourneyPage {
  const given = sortGiven(told);
  const members = findMembers(given);
  const names = nameFor(given, members);
  const strips = describeStages(given, members);
  const lanes = layOutLanes(given, names, members);
  const scene = sceneOf(given, { lanes, strips, members, isWhole });
  const rows = writeTwin(given, lanes);
  return {
    heading: nameTogether(members.flatMap(namesOf)) || 'A family',
    people: describePeople(given, members),
    nobody: members.some(({ role }) => role === 'other') ? null : NOBODY,
    strips,
    toDo: findToDo(given, names),
    news: findNews(
      given,
      lanes.flatMap(({ items }) => items),
      names,
    ),
    span: `${monthOf(scene.window.from)} to ${monthOf(scene.window.to)}`,
    isWhole,
    pictures: formats.map((format) => drawPicture(scene, format)),
    rows,
    summary: sayCount(rows.length, 'row'),
    involved: describeInvolved(given, names),
    next: describeNext(given, names, strips),
    notice: NOTICE,
  };
}

function namesOf({ isNamed, patient }: Member): { given?: string; family?: string }[] {
  const [name] = patient?.name ?? [];
  return isNamed ? [{ given: name?.given?.[0], family: name?.family }] : [];
}

type Laid = { lanes: Lane[]; strips: Strip[]; members: Member[]; isWhole: boolean };

function sceneOf({ today }: Given, { lanes, strips, members, isWhole }: Laid): Scene {
  const items = lanes.flatMap(({ items }) => items);
  const starts = strips.flatMap(({ stages }) =>
    stages.flatMap(({ isNow, start }) => (isNow && start !== null ? [start] : [])),
  );
  const plans = items.flatMap(({ plans }) => plans);
  const bounds = {
    today,
    stage: leastOf(starts),
    first: leastOf(items.map(({ from }) => from)),
    lastPlanned: plans.length > 0 ? Math.max(...plans) : null,
  };
  const infant = members.find(
    ({ role, born, isAgeless }) => role === 'infant' && born !== null && !isAgeless,
  );
  const isTwins = members.filter(({ role, born }) => role === 'infant' && born === infant?.born).length > 1;
  const whose = isTwins ? 'Infants’' : `${infant?.isNamed ? infant.short : 'Infant'}’s`;
  const age = infant ? { whose, born: infant.born as number } : null;
  return { lanes, window: chooseWindow(bounds, isWhole), today, age };
}

const leastOf = (days: number[]): number | null => (days.length > 0 ? Math.min(...days) : null);
