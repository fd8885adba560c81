/**
 * 26. A national signal. Nothing reads such signals yet (test/pipeline/signals.test.ts says that they are kept and
 * refused); until then the family is listed by what must hold.
 */
import { describe, test } from 'vitest';

describe('26 a national signal', () => {
  test.todo('a number replaced as a duplicate: whoever knew the old one sees one person and is told once');
  test.todo('a number invalidated by an identity change: frozen and unlinked');
  test.todo('an invalidated number answers as if it had never been');
});
