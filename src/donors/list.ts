/** Text lists as donors: words of a domain, dumps of a vocabulary (`vocab.txt`, `spm_train`'s .vocab), with or without counts. */
import { readEntries } from './list-lines'
import { type ListSpelling, listPieces, spellingOfList } from './list-spelling'
import { noNormalization } from './normalization'
import { restorePieces } from './restore'
import type { Donor, DonorPiece, ReadDonorOptions } from './types'

const SPELLED: Record<ListSpelling, string> = {
  metaspace: 'Its lines are taken for pieces that spell a space ▁.',
  'byte-level': 'Its lines are taken for pieces in the byte alphabet, where Ġ is a space.',
  wordpiece: 'Its lines are taken for pieces of WordPiece: ## stands inside a word, a line without it begins one.',
  plain: 'Its lines are taken for pieces as they stand; none of them is marked as the beginning of a word.',
  words:
    'Its lines are taken for words, each of them two pieces: at the beginning of a word, and inside one without the space.',
}

/**
 * See {@link readEntries} for what a line may hold, {@link spellingOfList} for how it stands for text.
 *
 * Lines with numbers come largest first, equal ones in the file's order, lines without a number last. Numbers of which
 * one is negative are scores (spm_train writes ranks of BPE so) or log probabilities, else counts.
 *
 * @throws KoVocabError `bad-file` naming the line
 */
export function readListDonor(bytes: Uint8Array, name: string, options: ReadDonorOptions = {}): Donor {
  const { entries, notes } = readEntries(bytes, name)
  const spelling = spellingOfList(entries, options.spelling ?? 'auto')
  notes.push(SPELLED[spelling])

  const scores = entries.flatMap(({ score }) => (score === null ? [] : [score]))
  if (scores.length > 0) {
    entries.sort((a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || 0)
    const without = entries.length - scores.length
    if (without > 0) notes.push(`Lines without a number come last: ${without.toLocaleString('en-US')}.`)
  }
  const pieces: DonorPiece[] = []
  for (const entry of entries) for (const piece of listPieces(entry, spelling)) pieces.push(piece)
  notes.push(...restorePieces(pieces, noNormalization(), options.normalized !== 'keep'))
  return { name, format: 'list', pieces, orderedBy: orderOf(scores), normalizer: null, notes }
}

function orderOf(scores: readonly number[]): Donor['orderedBy'] {
  if (scores.length === 0) return 'order'
  const whole = scores.every(Number.isInteger)
  if (scores.some((score) => score < 0)) return whole ? 'score' : 'log probability'
  return whole ? 'count' : 'score'
}
