/** The command line is wrong: exit code 2, and one line that says what is and where help is. */
export class WrongUse extends Error {}
