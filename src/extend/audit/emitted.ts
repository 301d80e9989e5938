/** Invariant 1 in the emitted files: what was written says what is in memory. */
import { isKoVocabError } from '../../errors'
import { canonicalJson } from '../../tokenizer/hash'
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { type Collector, collect } from './check'
import { sameToken } from './ids-stay'
import { type Files, readBack, vocabularyFiles } from './read-back'
import type { Check, OpenReferee } from './types'
import { pairKey, rankOfPairs } from './vocabulary'

/**
 * Reads each file again and compares pieces, added tokens, scores and merges; and numbers the added tokens of
 * tokenizer.json as Hugging Face's Rust library does when it loads the file.
 */
export function checkEmitted(extended: Tokenizer, files: Files): Check {
  const collector = collect('1-files', 'each emitted file gives every id back')
  const names = vocabularyFiles(files)
  if (names.length === 0) collector.fail({ why: 'no file holds the vocabulary', files: [...files.keys()].join(', ') })
  for (const name of names) {
    try {
      const read = readBack(name, files)
      compare(collector, name, extended, read)
      if (name === 'tokenizer.json') {
        requireRustIds(collector, JSON.parse(String(asText(files.get(name)!))) as RustDocument)
      }
    } catch (error) {
      if (!isKoVocabError(error)) throw error
      collector.fail({ file: name, why: error.message })
    }
  }
  return collector.check()
}

function asText(content: Uint8Array | string): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content)
}

function compare(collector: Collector, file: string, extended: Tokenizer, read: Tokenizer): void {
  const { count, fail } = collector
  const isJson = file === 'tokenizer.json'
  const size = Math.max(extended.pieces.length, read.pieces.length)
  for (let id = 0; id < size; id++) {
    count()
    const written = read.pieces[id] ?? ''
    const piece = extended.pieces[id] ?? ''
    if (written !== piece) fail({ file, id, piece, written })
  }
  if (extended.scores && read.scores) {
    const bits = new Uint32Array(extended.scores.slice().buffer)
    const readBits = new Uint32Array(read.scores.slice().buffer)
    for (let id = 0; id < bits.length; id++) {
      if (bits[id] !== readBits[id])
        fail({ file, id, score: extended.scores[id], written: read.scores[id] ?? '(none)' })
    }
  }
  if (isJson) {
    const written = new Map(read.addedTokens.map((token) => [token.id, token]))
    for (const token of extended.addedTokens) {
      count()
      const other = written.get(token.id)
      if (!other || !sameToken(token, other)) {
        fail({ file, id: token.id, token: canonicalJson(token), written: other ? canonicalJson(other) : '(none)' })
      }
    }
  }
  compareMerges(collector, file, extended, read, isJson)
}

/** tokenizer.json says merges in order; from scores and ranks they follow as a set, special pieces apart. */
function compareMerges({ count, fail }: Collector, file: string, a: Tokenizer, b: Tokenizer, ordered: boolean): void {
  const written = rankOfPairs(b.merges)
  const compared = ({ merges }: Tokenizer, rank: number) =>
    ordered || [merges.left, merges.right, merges.result].every((ids) => a.kinds[ids[rank]] === PieceKind.Normal)
  const { left, right } = a.merges
  let wanted = 0
  for (let rank = 0; rank < left.length; rank++) {
    if (!compared(a, rank)) continue
    wanted++
    count()
    const place = written.get(pairKey(left[rank], right[rank]))
    if (place === undefined || (ordered && place !== rank)) {
      fail({ file, pair: `${a.pieces[left[rank]]} ${a.pieces[right[rank]]}`, rank, written: place ?? '(none)' })
    }
  }
  let there = 0
  for (let rank = 0; rank < b.merges.left.length; rank++) if (compared(b, rank)) there++
  if (there !== wanted) fail({ file, merges: wanted, written: there })
}

interface RustDocument {
  added_tokens?: { id: number; content: string }[] | null
  model: { vocab: Record<string, number> }
}

/**
 * Hugging Face's Rust library numbers added tokens again when it loads a file (`AddedVocabulary::add_tokens` in
 * tokenizers/src/tokenizer/added_vocabulary.rs): one that the model's vocabulary holds keeps that id; the others count
 * on from the highest added id, or from the size of the vocabulary, whatever the file says. An id behind 128,256 in
 * Llama-3's vocabulary moves its BOS to 128,001 in this way.
 */
function requireRustIds({ count, fail }: Collector, { added_tokens, model }: RustDocument): void {
  const size = Object.keys(model.vocab).length
  const given = new Map<string, number>()
  let highest = -1
  for (const { id, content } of added_tokens ?? []) {
    count()
    let loaded = given.get(content) ?? (Object.hasOwn(model.vocab, content) ? model.vocab[content] : undefined)
    loaded ??= highest >= size || size === 0 ? highest + 1 : size
    given.set(content, loaded)
    highest = Math.max(highest, loaded)
    if (loaded !== id) fail({ file: 'tokenizer.json', token: content, id, loadedByRustAs: loaded })
  }
}

/** The ids as a second implementation sees them, of every piece and every added token. */
export function checkIdsBy(extended: Tokenizer, name: string, file: string, referee: OpenReferee): Check {
  const { count, fail, skip, check } = collect(`1-ids-${name}`, `${file} has every id where it belongs`)
  const { idOf } = referee
  if (!idOf) {
    skip('it cannot be asked for ids')
    return check()
  }
  extended.pieces.forEach((piece, id) => {
    if (piece === '') return
    count()
    const seen = idOf(piece)
    if (seen !== id) fail({ id, piece, seen: seen ?? '(none)' })
  })
  return check()
}
