/** Lines for people: colour on a terminal only (and not with NO_COLOR), plain text everywhere else. */
import { styleText } from 'node:util';

const print = (line: string) => process.stdout.write(`${line}\n`);
const paint = (style: Parameters<typeof styleText>[0], text: string) =>
  styleText(style, text, { stream: process.stdout });

export const seconds = () => `${process.uptime().toFixed(1)} s`;

export const say = {
  title: (text: string) => print(`\n${paint('bold', text)}`),
  line: (text: string) => print(`  ${text}`),
  notice: (text: string) => print(`  ${paint('yellow', '!')} ${text}`),
  /** A part of the start that is done. */
  ready: (text: string) => print(`  ${paint('green', '✓')} ${text} ${paint('dim', `(${seconds()})`)}`),
  /** What one subscriber was told, and what it read then as itself. */
  told: (who: string, text: string) => print(`  ${paint('cyan', `→ ${who}:`)} ${text}`),
  knows: (text: string) => print(`  ${paint('green', '+')} ${text}`),
  hidden: (text: string) => print(`  ${paint('magenta', '-')} ${paint('dim', `not told: ${text}`)}`),
  command: (text: string) => print(paint('cyan', text)),
};

/** Thrown where Skein's answers contradict what the story says. */
export class StoryBroken extends Error {}

/** Prints a claim with a tick where it holds; throws StoryBroken where it does not. */
export function prove(claim: string, holds: boolean): void {
  expect(claim, holds);
  print(`  ${paint('green', '✓')} ${claim}`);
}

export function expect(claim: string, holds: boolean): void {
  if (!holds) throw new StoryBroken(`this does not hold: ${claim}`);
}
