type Nested = { [word: string]: string | Nested };
type Same<T> = { [K in keyof T]: T[K] extends string ? string : Same<T[K]> };

/** The words of one part in both languages; the English has exactly those of the Chinese. */
export function pair<const T extends Nested>(words: { zh: T; en: Same<NoInfer<T>> }): { zh: T; en: Same<T> } {
  return words as { zh: T; en: Same<T> };
}
