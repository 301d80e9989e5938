/** The base of an extension, from wherever it is. Node only, since it reads files. */
import { KoVocabError } from '../errors'
import { tokenizerHash } from '../tokenizer/hash'
import { loadTokenizer } from '../tokenizer/load'
import type { KnownPattern } from '../tokenizer/pipeline/known-patterns'
import type { Form, Tokenizer } from '../tokenizer/types'
import { emptyBase } from './from-nothing'

export interface BaseOptions {
  /** A tokenizer's file or folder, or one that was read; left out for training from nothing, which needs `form`. */
  base?: string | Tokenizer
  form?: Form
  /** With `form: 'byte-level'`: the split pattern. Default cl100k. */
  pattern?: KnownPattern
}

/**
 * The base, read and with its `sha256`.
 *
 * @throws KoVocabError `bad-option` unless exactly one of base and form is given; as {@link loadTokenizer}
 */
export async function openBase({ base, form, pattern }: BaseOptions): Promise<Tokenizer> {
  if (base !== undefined && (form !== undefined || pattern !== undefined)) {
    const which = form !== undefined ? 'form' : 'pattern'
    throw new KoVocabError('bad-option', `a base has its own ${which}`, `give the ${which} only with --base none`)
  }
  if (base === undefined) {
    if (form === undefined)
      throw new KoVocabError(
        'bad-option',
        'training from nothing needs a form',
        'give --form sentencepiece or byte-level',
      )
    if (form === 'sentencepiece' && pattern !== undefined)
      throw new KoVocabError('bad-option', 'the form sentencepiece has no split pattern', 'leave --pattern out')
    return emptyBase(form, pattern)
  }
  const tokenizer = typeof base === 'string' ? await loadTokenizer(base) : base
  return tokenizer.sha256 ? tokenizer : { ...tokenizer, sha256: tokenizerHash(tokenizer) }
}
