/** `skein reload`: checked first, then every process reads again. */
import { adoptPolicy, describeWider } from '../access/decide/in-force.ts';
import { mappingFolders } from '../map/language/folders.ts';
import { loadMappings } from '../map/language/load-mappings.ts';
import type { Pipeline } from '../pipeline.ts';
import { askReload } from '../run/reload.ts';
import type { Done } from './command.ts';

/** Throws where a mapping or the policy is wrong, or the policy opens more and lacks approvers. */
export async function reloadAll({ db, config }: Pipeline, approvers: string[]): Promise<Done> {
  await loadMappings(mappingFolders(config.MAPPINGS_DIR));
  const policy = await adoptPolicy(db, approvers);
  if (!policy.adopted)
    throw new Error(`${describeWider(policy.wider)}: --approved-by NAME --approved-by NAME`);
  await askReload(db);
  const rebuild = policy.evidenceChanged ? 'evidence has changed: run skein rebuild\n' : '';
  return {
    data: policy,
    text: `checked: every process reads mappings and policy again within two seconds\n${rebuild}`,
  };
}
