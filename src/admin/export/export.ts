/** A copy for the person herself, in two steps: a draft that somebody looks at, and its release. */
import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { basisOf, POLICY, POLICY_DIGEST, SUBJECT } from '../../access/decide/policy.ts';
import { humanOfFile } from '../../access/human/of-file.ts';
import { namedOperator, record } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import type { Human } from '../../model.ts';
import { fhirBase } from '../../read/answer.ts';
import type { Done } from '../command.ts';
import { bundleOf } from './bundle.ts';
import { gatherCopy } from './gather.ts';
import type { LeftOut } from './left-out.ts';
import { pageOf } from './page.ts';

const FILES = ['export.json', 'export.html'] as const;
const MANIFEST = 'manifest.json';
/** For whoever runs Skein alone. */
const PRIVATE = { mode: 0o600, flag: 'wx' };

type Files = Record<(typeof FILES)[number], string>;
/** `files`: SHA-256 of each, so that what is released is what was looked at. */
type Manifest = {
  person: string;
  at: string;
  policy: string;
  basis: string | null;
  files: Record<string, string>;
  leftOut: LeftOut[];
};

/** Writes the copy and the list of what it leaves out. Throws where the folder has a draft already. */
export async function draftCopy(ctx: Context, id: string, folder: string): Promise<Done> {
  const { files, manifest } = await makeCopy(ctx, id, new Date());
  await writeAll(folder, { ...files, [MANIFEST]: writeManifest(manifest) });
  const lines = [
    `a draft of what is held about ${manifest.person} is in ${folder}: nothing is released yet`,
    ...manifest.leftOut.map(
      ({ what, rule, service, count }) => `left out: ${count} of ${service}, ${what} (${rule})`,
    ),
  ];
  const data = {
    person: manifest.person,
    folder,
    digest: digestOf(writeManifest(manifest)),
    leftOut: manifest.leftOut,
  };
  return { data, text: lines.map((line) => `${line}\n`).join(''), about: [manifest.person] };
}

/** `user`: a file with the token of who releases it, in place of a name that is typed. */
export type Releasing = { draft: string; out: string; by: string | undefined; user: string | undefined };

/**
 * Writes the copy where it is to be given from, once its release is on record. Throws Rejected 422 where the
 * draft is not what the store would give now.
 */
export async function releaseCopy(
  ctx: Context,
  id: string,
  { draft, out, by, user }: Releasing,
): Promise<Done> {
  const human = await releaserOf(ctx, user);
  const name = by ?? human?.name ?? human?.subject ?? '';
  const text = await readFile(join(draft, MANIFEST), 'utf8');
  const manifest = JSON.parse(text) as Manifest;
  const { files, manifest: now } = await makeCopy(ctx, id, new Date(manifest.at));
  const drafted = await Promise.all(FILES.map((file) => readFile(join(draft, file), 'utf8')));
  if (writeManifest(now) !== text || FILES.some((file, place) => files[file] !== drafted[place]))
    throw refusal(
      'the draft is not what the store has now, or of somebody else: make a new one and look at it',
    );
  const digest = digestOf(text);
  await recordRelease(ctx, { person: now.person, digest, name, human });
  await writeAll(out, files);
  const said = `released to ${out}, on record as ${digest}: give it to nobody but the person it is of\n`;
  return { data: { person: now.person, out, digest }, text: said };
}

type Release = { person: string; digest: string; name: string; human: Human | undefined };

/** It is read by the person herself, and that is what is on record: no content. */
function recordRelease({ db }: Context, { person, digest, name, human }: Release): Promise<void> {
  const actor = { ...namedOperator(name), ...(human ? { human } : {}) };
  const release = {
    kind: 'read' as const,
    outcome: 'done',
    actor,
    interaction: 'person-export',
    to: SUBJECT,
  };
  return record(db, { ...release, type: 'Patient', ids: [person], persons: [person], digest });
}

/** Where people are asked who they are, somebody of governance releases it. */
async function releaserOf(ctx: Context, user: string | undefined): Promise<Human | undefined> {
  if (user !== undefined) return humanOfFile(ctx.config, user, 'governance');
  if (ctx.config.HUMAN_ISSUER)
    throw refusal('HUMAN_ISSUER is set: --user FILE names a file with the token of who releases it');
  return undefined;
}

async function makeCopy(ctx: Context, id: string, at: Date): Promise<{ files: Files; manifest: Manifest }> {
  const copy = await gatherCopy(ctx, id, at);
  const laws = new Map(Object.values(POLICY.bases).map(({ code, law }) => [code, law]));
  const bundle = bundleOf(copy, { base: fhirBase(ctx.config), key: ctx.key });
  const files: Files = {
    'export.json': `${JSON.stringify(bundle, null, 2)}\n`,
    'export.html': pageOf(copy, laws),
  };
  const manifest = {
    ...{ person: copy.person, at: at.toISOString(), policy: POLICY_DIGEST, basis: basisOf(SUBJECT) },
    files: Object.fromEntries(FILES.map((file) => [file, digestOf(files[file])])),
    leftOut: copy.leftOut,
  };
  return { files, manifest };
}

const digestOf = (text: string): string => hash('sha256', text, 'hex');
const writeManifest = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

async function writeAll(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, PRIVATE);
}

const refusal = (text: string) => rejected(422, 'business-rule', text);
