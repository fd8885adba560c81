/**
 * Held shared, for the transaction, by whoever gives numbers, from before it asks access: alone, by whoever
 * looks up what was told. So what is being told while something is taken away is either judged after that, or
 * found among what was told.
 */
export const TELLING = 5_170_003;
