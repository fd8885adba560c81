/** How wide a text is, about: no font is measured on the server. Three classes of letters, for Arial. */
const NARROW = /[ijltfrI.,:;'’!|()[\]\s-]/;
const WIDE = /[A-Zmw@%\u2e80-\u{1faff}]/u;

export function widthOf(text: string, size: number): number {
  let ems = 0;
  for (const letter of text) ems += WIDE.test(letter) ? 0.76 : NARROW.test(letter) ? 0.32 : 0.56;
  return ems * size;
}

/** Lines no wider than this, broken between words. */
export function wrap(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && widthOf(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Cut with an ellipsis where it is wider. */
export function shorten(text: string, size: number, width: number): string {
  if (widthOf(text, size) <= width) return text;
  let cut = [...text];
  while (cut.length > 1 && widthOf(`${cut.join('')}…`, size) > width) cut = cut.slice(0, -1);
  return `${cut.join('').trimEnd()}…`;
}
