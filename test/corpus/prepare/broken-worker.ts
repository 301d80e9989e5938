/** A thread that fails as one does that meets a broken file. */
import { parentPort } from 'node:worker_threads'

parentPort!.on('message', () => {
  parentPort!.postMessage({ error: { code: 'bad-file', message: 'items.txt:1: is broken', hint: 'mend it' } })
})
