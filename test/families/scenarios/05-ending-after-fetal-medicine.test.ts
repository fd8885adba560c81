/**
 * 5. Ending after fetal medicine. Everything here rests on seals and on an outcome of pregnancy that no interface says
 * yet; until then the family is listed by what must hold.
 */
import { describe, test } from 'vitest';

describe('5 ending after fetal medicine', () => {
  test.todo('the expected infant is sealed to the author of the outcome and to maternity');
  test.todo('others hear contact-stop without cause, and can tell it from no stillbirth');
  test.todo('no prompt about infant or partner for 28 days');
  test.todo('a later pregnancy shows nothing of it');
});
