/** One element of a picture. Templates write it, and escape every value. */
export type Shape = {
  tag: 'g' | 'rect' | 'line' | 'path' | 'circle' | 'text';
  attrs: Record<string, string | number>;
  text?: string;
  /** Of a text: a smaller word after it. */
  after?: string;
  inside?: Shape[];
};

export const text = (className: string, x: number, y: number, content: string, more = {}): Shape => ({
  tag: 'text',
  attrs: { ...(className ? { class: className } : {}), x, y, ...more },
  text: content,
});

export const group = (className: string, inside: Shape[]): Shape => ({
  tag: 'g',
  attrs: { class: className },
  inside,
});

export const line = (className: string, x1: number, x2: number, y1: number, y2 = y1): Shape => ({
  tag: 'line',
  attrs: { ...(className ? { class: className } : {}), x1, x2, y1, y2 },
});

export const path = (className: string, d: string): Shape => ({
  tag: 'path',
  attrs: { class: className, d },
});

export const circle = (className: string, cx: number, cy: number, r: number): Shape => ({
  tag: 'circle',
  attrs: { class: className, cx, cy, r },
});

type Box = { x: number; y: number; width: number; height: number; rx?: number };
export const rect = (className: string, box: Box): Shape => ({
  tag: 'rect',
  attrs: { ...(className ? { class: className } : {}), ...box },
});
