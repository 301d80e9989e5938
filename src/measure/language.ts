/** Reports speak English and Korean; the terminal, Markdown and JSON speak English. */

export type Language = 'en' | 'ko'

/** One text in both languages: the type lets neither be forgotten. */
export type Both = Readonly<Record<Language, string>>

export const LANGUAGES: readonly Language[] = ['ko', 'en']

/** The same in both, as names and numbers are. */
export function same(text: string): Both {
  return { en: text, ko: text }
}
