/** One checkpoint extended by ko-vocab, as a process of its own. Argument: JSON {checkpoint, tokenizer, initMap, out}. */
import { applyInitMapToCheckpoint } from '../../dist/node.js'

const { rows, bytesRewritten, shards } = await applyInitMapToCheckpoint(JSON.parse(process.argv[2]))
console.log(JSON.stringify({ rows, bytesRewritten, shards, peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 }))
