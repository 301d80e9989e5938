/** A process of its own that encodes without end, to be killed in the middle. */
import { withTemporaryFolder } from '../../../src/corpus/atomic'
import { writeTokens } from '../../../src/trainer/data/write-tokens'
import { byteEncoder } from './byte-encoder'

async function* documents(): AsyncGenerator<Uint8Array> {
  for (let n = 0; ; n++) {
    yield new Uint8Array(3 << 20).fill(n)
    if (n === 3) {
      process.stdout.write('half\n')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    }
  }
}

await withTemporaryFolder(process.argv[2], (folder) => writeTokens(folder, documents(), byteEncoder(), 'd'.repeat(64)))
