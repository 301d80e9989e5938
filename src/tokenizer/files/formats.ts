/** Which files a tokenizer can be written as, and their contents. */
import { KoVocabError } from '../../errors'
import type { Tokenizer } from '../types'
import { PieceKind } from '../types'
import { dummyPrefixOf, scoresFromMerges } from './scores-of'
import { writeSentencePiece } from './sentencepiece-write'
import { companionName, whyNotTiktoken, writeTiktoken } from './tiktoken'
import { canonicalConfig, GENERIC_CLASS, tokenizerConfig } from './tokenizer-config'
import { writeTokenizerJson } from './tokenizer-json-write'

export interface TokenizerFiles {
  /** Name → content. */
  files: Map<string, string | Uint8Array>
  /** What could not be written, and why; one sentence each. */
  notes: string[]
}

/**
 * tokenizer.json always; tokenizer.model for the SentencePiece form and a rank file with its companion for the
 * byte-level form, when they can give the same ids; the base's small companion files; tokenizer_config.json even where
 * the base had none, so that `AutoTokenizer.from_pretrained` takes the folder.
 *
 * @throws KoVocabError `unsupported` when a format that the base came in cannot be written any more
 */
export function tokenizerFiles(tokenizer: Tokenizer): TokenizerFiles {
  const files = new Map<string, string | Uint8Array>()
  const notes: string[] = []
  files.set('tokenizer.json', writeTokenizerJson(tokenizer))
  if (tokenizer.form === 'sentencepiece') addModel(tokenizer, files, notes)
  else addTiktoken(tokenizer, files, notes)
  for (const [name, text] of Object.entries(tokenizer.sources.sidecars)) files.set(name, text)
  addConfig(tokenizer, files, notes)
  return { files, notes }
}

/**
 * A base without tokenizer.json may name a class (LlamaTokenizer) for which transformers 5 throws the pipeline of
 * tokenizer.json away and makes its own, with a dummy prefix even where the `.model` has none. The derived
 * tokenizer.json says all there is to say, so the class that takes it as it stands is named instead.
 */
function addConfig(tokenizer: Tokenizer, files: TokenizerFiles['files'], notes: string[]): void {
  const name = 'tokenizer_config.json'
  const config = tokenizerConfig(tokenizer.sources.sidecars)
  if (!config) {
    files.set(name, canonicalConfig(tokenizer))
    return
  }
  const named = config.tokenizer_class
  if (tokenizer.sources.json || named === GENERIC_CLASS) return
  files.set(name, `${JSON.stringify({ ...config, tokenizer_class: GENERIC_CLASS }, null, 2)}\n`)
  notes.push(
    `tokenizer_config.json names ${GENERIC_CLASS} instead of ${named ?? 'no class'}, so that transformers takes the derived tokenizer.json as it stands`,
  )
}

function addModel(tokenizer: Tokenizer, files: TokenizerFiles['files'], notes: string[]): void {
  if (tokenizer.sources.model) {
    files.set('tokenizer.model', writeSentencePiece(tokenizer))
    return
  }
  const skip = (reason: string) => notes.push(`tokenizer.model is not written: ${reason}`)
  const dummyPrefix = dummyPrefixOf(tokenizer)
  if (typeof dummyPrefix === 'string') return void skip(dummyPrefix)
  if (tokenizer.unkId < 0) return void skip('there is no unknown piece, which SentencePiece demands')
  const hole = tokenizer.pieces.indexOf('')
  if (hole >= 0) return void skip(`no piece has id ${hole}, and a .model cannot leave an id out`)
  const odd = tokenizer.addedTokens.find((token) => token.lstrip || token.rstrip || token.singleWord)
  if (odd) return void skip(`the added token ${odd.content} has lstrip, rstrip or single_word`)
  const spaced = tokenizer.addedTokens.find(
    (token) => tokenizer.kinds[token.id] === PieceKind.UserDefined && dummyPrefix,
  )
  if (spaced) return void skip(`after the added token ${spaced.content} Hugging Face puts ▁ and SentencePiece does not`)
  const scores = tokenizer.scores ?? scoresFromMerges(tokenizer)
  if (typeof scores === 'string') return void skip(scores)
  files.set('tokenizer.model', writeSentencePiece({ ...tokenizer, scores }, dummyPrefix))
}

function addTiktoken(tokenizer: Tokenizer, files: TokenizerFiles['files'], notes: string[]): void {
  const source = tokenizer.sources.tiktoken
  const name = source?.name ?? 'tokenizer.tiktoken'
  const reason = whyNotTiktoken(tokenizer)
  if (reason && source) throw new KoVocabError('unsupported', `${name} cannot be written: ${reason}`)
  if (reason) return void notes.push(`${name} is not written: ${reason}`)
  const { ranks, special, pattern } = writeTiktoken(tokenizer)
  files.set(name, ranks)
  files.set(companionName(name), `${JSON.stringify({ pattern, special_tokens: special }, null, 2)}\n`)
}
