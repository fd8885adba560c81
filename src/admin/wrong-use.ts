/** The command line is wrong: exit code 2. */
export class WrongUse extends Error {}

/** What a command gives: `data` with --json, else `text`; `code` where it is not 0. */
export type Done = { data: object; text: string; code?: number };
