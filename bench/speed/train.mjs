/** Counting and training: whole processes, from the text to the written pieces. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeTrainingText } from '../support/texts.mjs'

/** <unk>, <s>, </s> and the bytes come before what spm_train learns. */
const SPM_FIRST = 3 + 256

/** @returns {{intro: string[], pairs: import('../support/pairs.mjs').Pair[]}} */
export function trainPairs({ corpus, folder, peers, sizes, threads, add, bases, worker, quick }) {
  const text = writeTrainingText(corpus.files, sizes.train, join(folder, 'train.txt'))
  const out = (name) => join(folder, `${name}.learned`)

  const node = (name, query) => ({
    name: `ko-vocab, ${name}`,
    command: process.execPath,
    args: [worker('train-ours.mjs'), JSON.stringify({ files: [text.file], add, threads, out: out('ours'), ...query })],
  })
  const huggingFace = (name, split) => ({
    name: `tokenizers ${peers.tokenizers}, ${name}`,
    command: peers.python,
    args: [worker('hf_train.py'), JSON.stringify({ files: [text.file], merges: add, split, out: out('theirs') })],
    env: { RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: 'true' },
  })
  const spmArgs = Object.entries({
    input: text.file,
    model_prefix: join(folder, 'spm'),
    model_type: 'bpe',
    vocab_size: SPM_FIRST + text.characters + add,
    // A small corpus may not give that many pieces.
    hard_vocab_limit: !quick,
    character_coverage: 1,
    byte_fallback: true,
    normalization_rule_name: 'identity',
    remove_extra_whitespaces: false,
    // The default leaves lines of more than 4,192 bytes out.
    max_sentence_length: 1 << 24,
    num_threads: threads,
    minloglevel: 1,
  }).map(([key, value]) => `--${key}=${value}`)

  const pair = (mine, peer, match, wanted) => ({
    group: 'train',
    ours: mine,
    peer,
    bytes: text.bytes,
    seconds: (run) => [run.seconds],
    match,
    wanted,
  })
  const notComparable = (why) => () => ({ equal: null, text: `not comparable: ${why}` })
  const mergesEqual = () => inOrder(linesOf(out('ours')), linesOf(out('theirs')), 'merges')
  const spmPieces = () => {
    const all = linesOf(join(folder, 'spm.vocab')).map((line) => line.split('\t')[0])
    return all.slice(SPM_FIRST, all.length - text.characters)
  }
  const old = (version) => version.startsWith('0.1')
  const spm = (version, peer) => {
    const as = old(version) ? 'spm_train 0.1' : 'spm_train'
    const mine = node('SentencePiece form', { form: 'sentencepiece', as })
    const match = () => (old(version) ? shared : inOrder)(linesOf(out('ours')), spmPieces(), 'pieces')
    return pair(mine, peer, match, { times: 2.5 })
  }

  const pairs = []
  const characters = node('SentencePiece form', { form: 'sentencepiece', as: 'spm_train' })
  if (peers.tokenizers) {
    pairs.push(
      pair(
        node('byte-level', { form: 'byte-level', pattern: 'gpt2', as: 'BpeTrainer' }),
        huggingFace('BpeTrainer, byte-level', 'byte-level'),
        mergesEqual,
        { times: 5, memory: 1 / 3 },
      ),
      pair(
        characters,
        huggingFace('BpeTrainer, characters (Metaspace)', 'metaspace'),
        notComparable('it splits at spaces alone'),
        {
          times: 5,
          memory: 1 / 3,
        },
      ),
    )
  }
  if (peers.spmTrain)
    pairs.push(spm(peers.spmTrain, { name: `spm_train ${peers.spmTrain}`, command: 'spm_train', args: spmArgs }))
  if (peers.sentencepiece) {
    pairs.push(
      spm(peers.sentencepiece, {
        name: `sentencepiece ${peers.sentencepiece} (C++ by way of Python)`,
        command: peers.python,
        args: [worker('spm_train.py'), ...spmArgs],
      }),
    )
  }
  const base = bases.find(({ name }) => name === 'llama-2') ?? bases[0]
  pairs.push(
    pair(node(`${base.name} continued (Hangul)`, { base: base.path }), null, notComparable('no peer continues a base')),
  )
  return {
    intro: [
      `${add} merges on ${(text.bytes / 1e6).toFixed(1)} MB, ${threads} threads; the whole process, from its start to its` +
        ` end. ko-vocab learns by the rules of the peer beside it, and merges match where it learned the same, in the` +
        ` same order; the continued base by its own rules.`,
    ],
    pairs,
  }
}

function linesOf(path) {
  return readFileSync(path, 'utf8').trimEnd().split('\n')
}

function inOrder(ours, theirs, what) {
  const first = ours.findIndex((line, i) => line !== theirs[i])
  if (first < 0 && ours.length === theirs.length) return { equal: true, text: `all ${ours.length} ${what}, in order` }
  const at = first < 0 ? ours.length : first
  return { equal: false, text: `NO: from ${what} ${at + 1} on, of ${ours.length}; theirs ${theirs.length}` }
}

/** SentencePiece 0.1 looks at rare pairs only now and then: the order moves, and a few pieces are others. */
function shared(ours, theirs, what) {
  const known = new Set(theirs)
  const same = ours.filter((piece) => known.has(piece)).length
  return { equal: null, text: `${same} of ${ours.length} ${what}, order aside: this version approximates` }
}
