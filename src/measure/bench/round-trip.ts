import type { MeasuredTokenizer } from '../tokenizers/types'

export type ComesBack = 'same' | 'changed' | 'lost'

/**
 * Compares decode(encode(x)) with x. `changed`: equal up to white space, `▁`, Unicode composition (NFC) and what the
 * tokenizer's own normalizer does, such as NFKC or lower case. `lost`: text went that nothing of this explains.
 */
export function comesBack(tokenizer: Pick<MeasuredTokenizer, 'normalize'>, text: string, decoded: string): ComesBack {
  if (decoded === text) return 'same'
  const plain = plainOf(decoded)
  return plain === plainOf(text) || plain === plainOf(tokenizer.normalize(text)) ? 'changed' : 'lost'
}

function plainOf(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\s▁]+/gu, ' ')
    .trim()
}
