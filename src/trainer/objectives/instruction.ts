/** Conversations as a source of batches: `createBatches` packs, shuffles and mixes them like any other text. */
import { KoVocabError, throwIfAborted } from '../../errors'
import { createTokenMemory, type TokenStore } from '../data/token-store'
import { chainKey } from './chain-key'
import { readConversation } from './conversations'
import type { ConversationEncoder } from './encode-conversation'
import { type LinesOfFile, placedLines } from './json-lines'

export interface ConversationStoreOptions {
  /** Tokens of a block: a longer conversation loses what is behind. Pack the blocks `whole`, so that none is cut. */
  length: number
  /** Conversations so far. */
  onProgress?: (conversations: number) => void
  signal?: AbortSignal
}

export interface ConversationStore {
  store: TokenStore
  conversations: number
  /** Tokens that are labels. */
  learned: number
  /** Conversations that were cut to a block. */
  cut: number
  /** Conversations of which nothing learned was left in a block: they were left out. */
  left: number
}

/**
 * Reads all conversations into memory, 5 bytes a token.
 *
 * @throws KoVocabError `bad-file` for a line, or when nothing is left; as the encoder; `aborted`
 */
export async function conversationStore(
  files: readonly LinesOfFile[],
  encode: ConversationEncoder,
  options: ConversationStoreOptions,
): Promise<ConversationStore> {
  const { length, onProgress = () => {}, signal } = options
  const memory = createTokenMemory()
  const found = { conversations: 0, learned: 0, cut: 0, left: 0 }
  let key = ''
  let size = 0
  for await (const { line, place } of placedLines(files)) {
    throwIfAborted(signal)
    const { ids, learned, bytes } = encode(readConversation(line, place), place)
    const isCut = ids.length > length
    const mask = isCut ? learned.slice(0, length) : learned
    // The first token is nobody's label.
    const labels = mask.subarray(1).reduce((sum, one) => sum + one, 0)
    if (labels === 0) {
      found.left++
      continue
    }
    const kept = isCut ? ids.slice(0, length) : ids
    memory.add(kept, mask)
    key = chainKey(key, kept, mask)
    size += bytes
    found.conversations++
    found.learned += labels
    found.cut += isCut ? 1 : 0
    onProgress(found.conversations)
  }
  if (found.conversations === 0) {
    const names = files.map(({ name }) => name).join(', ')
    const what =
      found.left > 0 ? `no conversation has a learned turn within ${length} tokens` : 'there is no conversation'
    throw new KoVocabError('bad-file', `${names}: ${what}`, 'give JSON lines of messages, or longer blocks')
  }
  return { store: memory.store(key, size), ...found }
}
