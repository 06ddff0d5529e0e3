/** What can be told of an identity number (公民身份号码, GB 11643) before it is sent; whose it is, the provider knows. */
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const LAST = "10X98765432";

export type Fault = "length" | "characters" | "birth" | "checksum";

export function faultOf(number: string): Fault | null {
  if (number.length !== 18) return "length";
  if (!/^\d{17}[\dX]$/.test(number)) return "characters";
  const [y, m, d] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)].map(Number) as [number, number, number];
  const born = new Date(Date.UTC(y, m - 1, d));
  if (y < 1900 || born.getUTCMonth() !== m - 1 || born.getUTCDate() !== d || born.getTime() > Date.now()) return "birth";
  const sum = WEIGHTS.reduce((all, weight, at) => all + weight * Number(number[at]), 0);
  return LAST[sum % 11] === number[17] ? null : "checksum";
}

/** As it is written on the card: no spaces, the last letter a capital. */
export function written(number: string): string {
  return number.replace(/\s/g, "").toUpperCase();
}
