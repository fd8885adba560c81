/** The style by which a source field and what came of it light up together: no script is needed. */
/** No more are listed (src/workbench/bench-thread.ts). */
const MOST = 200;

/** Of each number: where one of its places is under the pointer, has the focus, or was gone to. */
export const LINEAGE_STYLE = Array.from({ length: MOST }, (_, index) => {
  const lit = `.l-${index + 1}`;
  const ways = [':hover', ':focus-within', ':target'].map((way) => `.app-lineage:has(${lit}${way}) ${lit}`);
  return `${ways.join(',')}{background:#ffeb3b;outline:2px solid #212b32}`;
}).join('\n');
