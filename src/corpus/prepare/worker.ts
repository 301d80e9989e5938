/** A thread of prepare: one batch after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { isKoVocabError } from '../../errors'
import { batchDoer, type ThreadReply, type ThreadSetup, type ThreadTask } from './threads'

const doBatch = batchDoer(workerData as ThreadSetup)

parentPort!.on('message', async ({ segment, batch }: ThreadTask) => {
  try {
    const bytes = await doBatch(segment, batch)
    parentPort!.postMessage({ bytes } satisfies ThreadReply, [bytes.buffer as ArrayBuffer])
  } catch (error) {
    // Errors lose their class on the way between threads; the parts that matter travel.
    const known = isKoVocabError(error)
    const reply: ThreadReply = {
      error: {
        code: known ? error.code : 'io',
        message: error instanceof Error ? error.message : String(error),
        hint: known ? error.hint : undefined,
      },
    }
    parentPort!.postMessage(reply)
  }
})
