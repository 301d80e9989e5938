/** The two tokenizers of `init-map` and `compare-init`, which must belong together. */
import { KoVocabError } from '../errors'
import { openBase } from '../extend/open-base'
import { readExtensionRecord } from '../extend/read-extension'
import type { Tokenizer } from '../tokenizer/types'

export interface InitPair {
  base: Tokenizer
  extended: Tokenizer
  /** Of extension.json, and what fills the vocabulary up to `multiple`. */
  paddingIds: number[]
}

/** @throws KoVocabError `mismatch` when the extension is another base's, or has nothing new */
export async function openInitPair(basePath: string, extendedPath: string, multiple: number): Promise<InitPair> {
  const base = await openBase({ base: basePath })
  const extended = await openBase({ base: extendedPath })
  const record = await readExtensionRecord(extendedPath)
  if (record && record.base_sha256 !== base.sha256) {
    const hashes = `${record.base_sha256.slice(0, 16)}…, not of ${base.sha256?.slice(0, 16)}…`
    throw new KoVocabError(
      'mismatch',
      `${extendedPath} is an extension of the base ${hashes} (${basePath})`,
      'give the base that was extended',
    )
  }
  if (extended.pieces.length <= base.pieces.length) {
    const sizes = `${extended.pieces.length} ids, the base ${base.pieces.length}`
    throw new KoVocabError('mismatch', `${extendedPath} has ${sizes}: nothing is new`, 'give the extended tokenizer')
  }
  const paddingIds = record?.padding.map(({ id }) => id) ?? []
  const end = Math.ceil(extended.pieces.length / multiple) * multiple
  for (let id = extended.pieces.length; id < end; id++) paddingIds.push(id)
  return { base, extended, paddingIds }
}
