/** Ten digits, Modulus 11 check digit, not one digit ten times (those pass the sum). Spaces are the caller's
 * business. https://www.datadictionary.nhs.uk/attributes/nhs_number.html */
export function isValidNhsNumber(value: string): boolean {
  if (!/^\d{10}$/.test(value) || /^(\d)\1{9}$/.test(value)) return false;
  let sum = 0;
  for (let index = 0; index < 9; index += 1) sum += Number(value[index]) * (10 - index);
  const check = (11 - (sum % 11)) % 11;
  return check === Number(value[9]);
}
