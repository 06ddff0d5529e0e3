/** A word of the server's as the first of a line: `shipped` is Shipped. Chinese stays as it is. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
