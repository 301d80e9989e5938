/** A process of its own that writes metrics without end and says which it has written, to be killed in the middle. */
import { writeSync } from 'node:fs'
import { jsonlSink } from '../../../src/trainer/watch/jsonl-sink'
import { stamped, stepAt } from './support'

const sink = jsonlSink(process.argv[2])
for (let step = 1; ; step++) {
  sink.write(stamped(stepAt(step)))
  writeSync(1, `${step}\n`)
}
