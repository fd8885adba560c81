/** Codes of `PROMPT_REASONS` for which the owner of a prompt ends it. */
const REASONS = ['done', 'in-hand', 'not-needed', 'not-now', 'not-ours'];
/** Of prompts that ask for something else. */
const REASONS_OF: Record<string, string[]> = {
  'partner-offer': ['offered', 'she-declined', 'not-safe', 'none', 'unknown', 'later'],
};

/** `code`: of the prompt. */
export const reasonsFor = (code = ''): string[] => REASONS_OF[code] ?? REASONS;
