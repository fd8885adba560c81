/** `skein listen`: what a subscriber is told, shown as it comes. For trial: services have a receiver. */
import { once } from 'node:events';
import type { OperationOutcome, Resource, Subscription } from '@medplum/fhirtypes';
import { readOptions } from '../command/read-options.ts';
import { type Notification, openReceiver, secretIn, subscription } from './receiver.ts';

const HELP = `Usage: skein listen --system NAME [options]

Registers a subscription of this system at a running Skein, verifies each notification that comes, and shows
it: its number, its event, and what this system may read of it now. Ctrl-C ends the subscription, too.

      --system NAME         the system to be, where AUTH=none; a name of \`skein system list\`
      --token TOKEN         its token, where AUTH=token; better in SKEIN_TOKEN, which no process list shows
      --url URL             where Skein is; http://127.0.0.1:8080 by default
      --port PORT           where to listen on this machine; any that is free by default
      --filter FILTER       as in a Subscription, e.g. 'event=episode-started,contact-stop'
      --content CONTENT     empty, id-only (the default) or full-resource, up to what its sector receives
      --json                each notification as it came, one a line

Examples:
  skein listen --system perinatal
  SKEIN_TOKEN=… skein listen --url https://skein.example --filter 'event=contact-stop'

Skein must be able to reach this machine: start it with WEBHOOK_ALLOW=127.0.0.1 for a trial on one machine.
Exit codes: 0 ended by Ctrl-C; 1 refused or failed; 2 used wrongly.
`;

const CONTENTS = ['empty', 'id-only', 'full-resource'];

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  system: { type: 'string' },
  token: { type: 'string' },
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  port: { type: 'string', default: '0' },
  filter: { type: 'string' },
  content: { type: 'string', default: 'id-only' },
} as const;

/** `left` ends it: a signal. */
type Console = { out: (text: string) => void; error: (text: string) => void; left: Promise<unknown> };

const terminal = (): Console => ({
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  left: Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]),
});

/** Listens until it is ended; gives the exit code. */
export async function listen(args: string[], io: Console = terminal()): Promise<number> {
  const flags = readFlags(args);
  if (typeof flags === 'string') {
    io.error(`skein: ${flags}\nTry skein listen --help.\n`);
    return 2;
  }
  if (flags.help) {
    io.out(HELP);
    return 0;
  }
  const skein = reach(flags);
  // One after the other, in the order in which they came.
  let shown = Promise.resolve();
  const receiver = await openReceiver({ port: Number(flags.port) }, (notification) => {
    if (flags.json) io.out(`${notification.body}\n`);
    else
      shown = shown
        .then(() => show(notification, skein))
        .then(io.out, (error: Error) => io.error(`skein: ${error.message}\n`));
  });
  const { endpoint } = receiver;
  try {
    // Off until the secret is kept: the handshake comes at once, and is signed with it.
    const wish = { endpoint, content: flags.content, filter: flags.filter };
    const made = (await skein(
      'POST',
      'Subscription',
      subscription({ ...wish, status: 'off' }),
    )) as Subscription;
    receiver.know(secretIn(made));
    const path = `Subscription/${made.id}`;
    try {
      await skein('PUT', path, { ...subscription({ ...wish, status: 'requested' }), id: made.id as string });
      io.error(`listening at ${endpoint} as ${path}; Ctrl-C ends it\n`);
      await io.left;
    } finally {
      await skein('DELETE', path);
    }
    return 0;
  } finally {
    await receiver.close();
  }
}

type Flags = ReturnType<typeof parse>['values'];
const parse = (args: string[]) => readOptions(args, OPTIONS);

/** The options, or what is wrong with them. */
function readFlags(args: string[]): Flags | string {
  try {
    const { values, positionals } = parse(args);
    if (values.help) return values;
    if (positionals.length > 1) return `listen takes no "${positionals[1]}"`;
    if (!values.system && !values.token && !process.env.SKEIN_TOKEN)
      return 'listen needs --system NAME, or a token in SKEIN_TOKEN';
    if (!URL.canParse(values.url)) return `--url "${values.url}" is no URL`;
    if (!CONTENTS.includes(values.content)) return `--content is one of ${CONTENTS.join(', ')}`;
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
      return `--port "${values.port}" is no port: 0 to 65535`;
    return values;
  } catch (error) {
    return (error as Error).message;
  }
}

type Reach = (method: string, path: string, body?: Resource) => Promise<unknown>;

/** Asks Skein as this system. Throws, in Skein's own words, what it refuses; null for what is not there. */
function reach({ url, system, token = process.env.SKEIN_TOKEN }: Flags): Reach {
  const identity: Record<string, string> = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(system ? { 'x-skein-system': system } : {}),
  };
  return async (method, path, body) => {
    const response = await fetch(new URL(`/fhir/${path}`, url), {
      method,
      headers: { ...identity, ...(body ? { 'content-type': 'application/fhir+json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((error: Error) => {
      throw new Error(
        `no Skein answers at ${url}: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      );
    });
    if (response.status === 204 || response.status === 404) return null;
    const answer = await response.json();
    if (response.ok) return answer;
    const { issue = [] } = answer as Partial<OperationOutcome>;
    const why = issue.map(({ diagnostics, details }) => diagnostics ?? details?.text).join('; ');
    throw new Error(`${method} ${path} answered ${response.status}: ${why}`);
  };
}

/** Lines for one notification: each event, and what may be read of it now. Nobody's name. */
async function show({ type, notices }: Notification, skein: Reach): Promise<string> {
  if (notices.length === 0) return `${type}\n`;
  const lines = notices.map(async ({ number, at, code, focus }) => {
    const head = `#${number}  ${at ?? ''}  ${code ?? '(an event, no more is told)'}`;
    if (focus === null) return `${head}\n`;
    const found = (await skein('GET', focus)) as Resource | null;
    return `${head}\n    ${focus}${found ? describe(found) : ': may not be read now'}\n`;
  });
  return (await Promise.all(lines)).join('');
}

type Shown = {
  status?: string;
  period?: { start?: string; end?: string };
  patient?: { reference?: string };
  subject?: { reference?: string };
};

function describe(resource: Resource): string {
  const { status, period, patient, subject } = resource as Shown;
  const who = (patient ?? subject)?.reference;
  return [
    status ? `: ${status}` : '',
    period?.start ? `, from ${period.start}` : '',
    period?.end ? ` to ${period.end}` : '',
    who ? `, of ${who}` : '',
  ].join('');
}
