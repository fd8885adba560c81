/** Which people may do what for which service: the file that HUMAN_ROLES names. */
import { readFileSync, statSync } from 'node:fs';
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import { HUMAN_ROLES, type HumanRole, type Service } from '../../model.ts';
import { readPolicyFile } from '../decide/policy-file.ts';

/**
 * People whose selected role has this code, at the organisation with this ODS code, act for its service of
 * this team. `*` in place of a team: for each that the organisation has.
 */
const Line = z.strictObject({
  organisation: z.string().regex(/^[A-Z0-9]{3,10}$/, 'an ODS code in capitals'),
  role: z.string().regex(/^[A-Z]\d{4}$/, 'a code such as R8000'),
  team: z.string().min(1),
  may: z.array(z.enum(HUMAN_ROLES)).min(1),
});
const RolesFile = z.strictObject({ roles: z.array(Line).min(1) });
export type Line = z.infer<typeof Line>;

/** Throws one Error that names the setting, and file and line of whatever is wrong. */
export function readRolesFile(path: string): Line[] {
  try {
    return readPolicyFile(RolesFile, readFileSync(path, 'utf8'), path).roles;
  } catch (cause) {
    throw new Error(`HUMAN_ROLES: ${(cause as Error).message}`, { cause });
  }
}

/** A changed file is heeded within so long. */
const LOOK_MS = 1_000;
const READ_ANEW = 'HUMAN_ROLES was changed, and is read anew';
const UNREADABLE = 'HUMAN_ROLES was changed and cannot be read: what it said before goes on';

/**
 * What the file says, looked at again at most each second: where it was changed and is wrong, what it said
 * last. Throws as `readRolesFile`, at first.
 */
export function followRolesFile(
  path: string,
  log: Pick<FastifyBaseLogger, 'info' | 'error'>,
  now = Date.now,
): () => Line[] {
  let lines = readRolesFile(path);
  let [seen, looked] = [stampOf(path), now()];
  return () => {
    if (now() - looked < LOOK_MS) return lines;
    looked = now();
    try {
      const stamp = stampOf(path);
      if (stamp === seen) return lines;
      // Before it is read: whatever is written meanwhile is another stamp.
      seen = stamp;
      lines = readRolesFile(path);
      log.info({ event: 'roles' }, READ_ANEW);
    } catch (err) {
      log.error({ event: 'roles', err }, UNREADABLE);
    }
    return lines;
  };
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.ino} ${found.mtimeMs} ${found.size}` : 'gone';
}

/** What somebody of this organisation and role may do for a service; nothing where no line says so. */
export function rolesFor(
  lines: Line[],
  { organisation, role }: Pick<Line, 'organisation' | 'role'>,
  service: Pick<Service, 'ods' | 'team'>,
): HumanRole[] {
  const fitting = lines.filter(
    (line) =>
      line.organisation === organisation &&
      line.role === role &&
      organisation === service.ods.toUpperCase() &&
      (line.team === '*' || line.team === service.team),
  );
  return [...new Set(fitting.flatMap(({ may }) => may))];
}

/** What the same person may do for any service of the organisation: at the operator's own shell. */
export const rolesAnywhere = (lines: Line[], { organisation, role }: Pick<Line, 'organisation' | 'role'>) => [
  ...new Set(
    lines
      .filter((line) => line.organisation === organisation && line.role === role)
      .flatMap(({ may }) => may),
  ),
];
