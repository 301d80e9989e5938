/** Encoding and decoding, line by line on one thread: each base and its extension, ours against whoever reads it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { differingRecords, readRecords } from '../support/records.mjs'
import { runMeasured } from '../support/run.mjs'

/** At least so many times as fast as encode_batch, in the first pass, is what the project wants of itself. */
const WANTED = { times: 10 }

/**
 * @param {'encode' | 'decode'} task
 * @returns {Promise<{intro: string[], pairs: import('../support/pairs.mjs').Pair[]}>}
 */
export async function codecPairs(task, { peers, tokenizers, texts, passes, folder, worker }) {
  const pairs = []
  for (const tokenizer of tokenizers) {
    const inputs = {}
    for (const [size, text] of Object.entries(texts)) {
      inputs[size] = task === 'encode' ? text.file : await idsOfLines(tokenizer, text.file, folder, worker)
    }
    for (const [mine, peer, size] of contendersFor(task, tokenizer, peers)) {
      const lines = texts[size]
      const out = (side) => join(folder, `${task}-${side}.records`)
      const contender = (name, script, command, query, side) => ({
        name,
        command,
        args: [worker(script), JSON.stringify({ ...query, task, input: inputs[size], passes, out: out(side) })],
        env: { RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' },
      })
      pairs.push({
        group: `${task}, ${tokenizer.label}`,
        ours: contender(mine, 'codec.mjs', process.execPath, { library: mine, path: tokenizer.folder }, 'ours'),
        peer:
          peer && contender(peer.name, peer.script, peer.command, { library: peer.library, path: peer.path }, 'theirs'),
        // Nobody encodes the newlines.
        bytes: lines.bytes - lines.lines,
        seconds: (run) => run.said.seconds,
        match: () => {
          const lost = task === 'decode' ? linesLost(out('ours'), lines.file) : 0
          const beside = lost > 0 ? `; ${lost} are not what was encoded` : ''
          if (!peer) return { equal: null, text: `nothing to compare with${beside}` }
          const differing = differingRecords(out('ours'), out('theirs'))
          const equal = differing.length === 0
          const text = equal
            ? `all ${lines.lines} lines`
            : `NO: ${differing.length} of ${lines.lines} lines differ (line ${differing[0] + 1} first)`
          return { equal, text: text + beside }
        },
        wanted: peer?.wanted,
      })
    }
  }
  return { intro: intro(task, texts), pairs }
}

function intro(task, { whole, small }) {
  const size = (text) => `${((text.bytes - text.lines) / 1e6).toFixed(2)} MB`
  const left = whole.leftOut > 0 ? ` ${whole.leftOut} lines that name an added token are left out.` : ''
  return [
    `${task === 'encode' ? 'Text to ids' : 'Ids to text'}, line by line on one thread; ${size(whole)}, peers in` +
      ` JavaScript ${size(small)} (and ko-vocab beside them the same).${left} MB/s are of text: the first pass, with cold` +
      ' caches and compilers, and the second. Reading the tokenizer and the text is not timed.',
  ]
}

/** [ours, peer or null, text]: who can read this tokenizer. */
function contendersFor(task, { json, model, ranks }, peers) {
  const encoding = task === 'encode'
  const ours = encoding ? 'ko-vocab, strings' : 'ko-vocab'
  const python = (name, library, path, wanted) => ({
    name,
    library,
    path,
    wanted,
    script: 'codec.py',
    command: peers.python,
  })
  const js = (name, library, path) => ({ name, library, path, script: 'codec.mjs', command: process.execPath })
  const found = []
  if (peers.tokenizers) {
    const batch = python(
      `tokenizers ${peers.tokenizers}, ${task}_batch`,
      'tokenizers',
      json,
      encoding ? WANTED : undefined,
    )
    found.push([ours, batch, 'whole'])
    if (encoding) {
      found.push(['ko-vocab, bytes', batch, 'whole'])
      found.push([ours, python(`tokenizers ${peers.tokenizers}, encode_batch_fast`, 'tokenizers, fast', json), 'whole'])
    }
  }
  if (model && peers.sentencepiece)
    found.push([ours, python(`sentencepiece ${peers.sentencepiece} (C++)`, 'sentencepiece', model), 'whole'])
  if (ranks && peers.tiktoken) {
    const name = `tiktoken ${peers.tiktoken}, ${encoding ? 'encode_ordinary' : 'decode'}`
    found.push([ours, python(name, 'tiktoken', ranks), 'whole'])
  }
  if (peers.huggingFaceJs)
    found.push([ours, js(`@huggingface/tokenizers ${peers.huggingFaceJs} (JS)`, 'huggingface', json), 'small'])
  if (model && peers.sentencePieceJs)
    found.push([ours, js(`sentencepiece-js ${peers.sentencePieceJs} (wasm)`, 'sentencepiece', model), 'small'])
  return found.length > 0 ? found : [[ours, null, 'whole']]
}

/** What is to be decoded: our ids, which the stage `encode` compares with everyone's. Not timed. */
async function idsOfLines({ label, folder: path }, input, folder, worker) {
  const out = `${input}.${label.replace(/\W+/g, '-')}.ids`
  const query = { library: 'ko-vocab, strings', task: 'encode', path, input, passes: 1, out }
  await runMeasured({ command: process.execPath, args: [worker('codec.mjs'), JSON.stringify(query)] }, folder)
  return out
}

/** Lines that ours does not decode to what was encoded. */
function linesLost(records, file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  return readRecords(records).filter((bytes, i) => bytes.toString() !== lines[i]).length
}
