/** `/pages/systems`: who sends and subscribes; a new one in five steps, its credentials shown once. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { readPairs } from '../../../doors/query.ts';
import { Rejected } from '../../../errors.ts';
import { fhirBase, notFound } from '../../../read/answer.ts';
import { linkTo, makeFrame, readViewer, type Viewer } from '../frame.ts';
import { sendPage } from '../views.ts';
import {
  BLANK,
  checkOff,
  describeSystem,
  type Facts,
  type Listed,
  readTyped,
  sayCode,
  type Typed,
  whatToType,
} from './page.ts';

type Added = {
  name: string;
  ods: string;
  team: string;
  serviceName: string;
  sector: string | null;
  kind: string | null;
  source: string | null;
};
/** The register, and what is known of who is in it: pages read no table. */
export type Systems = {
  list: (ctx: Context) => Promise<(Listed & { isSilent: boolean })[]>;
  find: (ctx: Context, id: number) => Promise<Facts | null>;
  /** Throws Rejected: 422 for what cannot be, 409 where the name or the sector is taken. */
  add: (ctx: Context, added: Added) => Promise<{ id: number; token: string }>;
  choices: () => { sectors: string[]; kinds: string[]; sources: string[] };
};

type WithId = { Params: { id: string } };
type Wrong = { field: string; text: string };
const HERE = '/pages/systems';

export function registerSystemPages(scope: FastifyInstance, ctx: Context, systems: Systems): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readOperator(ctx, request);
    const lines = (await systems.list(ctx)).map((one) => ({
      ...describeSystem(one),
      isSilent: one.isSilent,
      href: linkTo(`${HERE}/${one.id}`, viewer),
    }));
    return sendPage(reply, 'systems', {
      frame: await makeFrame(ctx, viewer, { title: 'Systems', here: HERE }),
      ...{ lines, add: linkTo(`${HERE}/new`, viewer) },
    });
  });
  scope.get(`${HERE}/new`, async (request, reply) =>
    sendForm(ctx, systems, { request, reply, typed: BLANK, wrong: [], isChecked: false }),
  );
  scope.post(`${HERE}/new`, async (request, reply) => register(ctx, systems, { request, reply }));
  scope.get<WithId>(`${HERE}/:id`, async (request, reply) => {
    const viewer = await readOperator(ctx, request);
    const { id } = request.params;
    const found = /^\d{1,9}$/.test(id) ? await systems.find(ctx, Number(id)) : null;
    if (!found) throw notFound();
    return sendPage(reply, 'system', {
      frame: await makeFrame(ctx, viewer, { title: 'System', here: `${HERE}/${id}` }),
      ...{ one: describeSystem(found), checks: checkOff(found), token: null },
      ...{ toType: whatToType(found.name, found.source, placeOf(ctx)), back: linkTo(HERE, viewer) },
      messages: linkTo('/pages/messages', viewer, { system: found.name }),
    });
  });
}

type Exchange = { request: FastifyRequest; reply: FastifyReply };
type Shown = Exchange & { typed: Typed; wrong: Wrong[]; isChecked: boolean };

/** `isChecked`: nothing is wrong with it, and it is looked at once more before it is registered. */
async function sendForm(ctx: Context, systems: Systems, { request, reply, typed, wrong, isChecked }: Shown) {
  const viewer = await readOperator(ctx, request);
  const { sectors, kinds, sources } = systems.choices();
  const choose = (values: string[], chosen: string, none: string) => [
    { value: '', text: none, isChosen: chosen === '' },
    ...values.map((value) => ({ value, text: sayCode(value), isChosen: value === chosen })),
  ];
  return sendPage(reply, 'system-new', {
    frame: await makeFrame(ctx, viewer, { title: 'Register a system', here: `${HERE}/new` }),
    ...{ typed, wrong, isChecked, self: linkTo(`${HERE}/new`, viewer), back: linkTo(HERE, viewer) },
    sectors: choose(sectors, typed.sector, 'None: it sees what it sent'),
    kinds: choose(kinds, typed.kind, 'As its sector says'),
    sources: choose(sources, typed.source, 'None: it only reads and subscribes'),
    said: { sector: typed.sector ? sayCode(typed.sector) : 'None', kind: sayCode(typed.kind) },
  });
}

async function register(ctx: Context, systems: Systems, { request, reply }: Exchange): Promise<FastifyReply> {
  const viewer = await readOperator(ctx, request);
  const form = readPairs(formOf(request));
  const typed = readTyped(form);
  const wrong = [
    ...(['name', 'ods', 'team'] as const).flatMap((field) =>
      typed[field] ? [] : [{ field, text: MISSING[field] }],
    ),
  ];
  if (wrong.length > 0)
    return sendForm(ctx, systems, { request, reply: reply.code(422), typed, wrong, isChecked: false });
  if (form.get('act') !== 'register')
    return sendForm(ctx, systems, {
      ...{ request, reply, typed, wrong: [] },
      isChecked: form.get('act') === 'check',
    });
  try {
    const { id, token } = await systems.add(ctx, addedBy(typed));
    const found = (await systems.find(ctx, id)) as Facts;
    return sendPage(reply, 'system', {
      frame: await makeFrame(ctx, viewer, { title: 'System', here: `${HERE}/new` }),
      ...{ one: describeSystem(found), checks: checkOff(found) },
      token: ctx.config.AUTH === 'none' ? null : token,
      ...{ toType: whatToType(found.name, found.source, placeOf(ctx)), back: linkTo(HERE, viewer) },
      ...{ messages: linkTo('/pages/messages', viewer, { system: found.name }), isNew: true },
    });
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const field = error.issues[0]?.field ?? '';
    const refused = [{ field: field in BLANK ? field : 'name', text: error.message }];
    return sendForm(ctx, systems, {
      ...{ request, reply: reply.code(422), typed, wrong: refused, isChecked: false },
    });
  }
}

const MISSING = {
  name: 'Enter what Skein calls the system',
  ods: 'Enter the ODS code of its organisation',
  team: 'Enter which team of it this is',
};

const addedBy = ({ name, ods, team, service, sector, kind, source }: Typed): Added => ({
  ...{ name, ods, team, serviceName: service || name },
  ...{ sector: sector || null, kind: kind || null, source: source || null },
});

const placeOf = ({ config }: Context) => ({
  base: fhirBase(config).replace(/\/fhir$/, ''),
  ...{ auth: config.AUTH, mllpPort: config.MLLP_PORT, hasMllp: config.ROLES.includes('mllp') },
});

/** Who else sends is not a service's to know. */
async function readOperator(ctx: Context, request: FastifyRequest): Promise<Viewer> {
  const viewer = await readViewer(ctx, request);
  if (viewer.service) throw notFound();
  return viewer;
}
