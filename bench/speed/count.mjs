/** Words of the text, cut by GPT-2's pattern and counted. */
import { join } from 'node:path'
import { writeTrainingText } from '../support/texts.mjs'

/** @returns {{intro: string[], pairs: import('../support/pairs.mjs').Pair[]}} */
export function countPairs({ corpus, folder, peers, sizes, threads, worker }) {
  const whole = writeTrainingText(corpus.files, sizes.count, join(folder, 'count.txt'))
  const small = writeTrainingText(corpus.files, sizes.js, join(folder, 'count-js.txt'))
  const ours = (file, count) => ({
    name: `ko-vocab, ${count} thread${count > 1 ? 's' : ''}`,
    command: process.execPath,
    args: [worker('count.mjs'), JSON.stringify({ library: 'ko-vocab', file, threads: count })],
  })
  const python = (name, method, count) => ({
    name: `${name}, ${count} thread${count > 1 ? 's' : ''}`,
    command: peers.python,
    args: [worker('count.py'), JSON.stringify({ file: whole.file, method })],
    env: { RAYON_NUM_THREADS: String(count), TOKENIZERS_PARALLELISM: count > 1 ? 'true' : 'false' },
  })
  const pair = (mine, peer, text, comparable = true) => {
    const said = []
    return {
      group: 'count',
      ours: mine,
      peer,
      bytes: text.bytes,
      seconds: (run) => run.said.seconds,
      // The contenders say what they counted; every run of one contender says the same.
      match: (runs) => {
        if (!comparable) return { equal: null, text: 'tells nobody its words' }
        for (const run of [...runs.ours, ...runs.peer]) said.push(`${run.said.total} ${run.said.sha256}`)
        const { distinct, total } = runs.ours[0].said
        const equal = new Set(said).size === 1
        if (equal) return { equal, text: `all ${distinct} words, ${total} in all` }
        const theirs = runs.peer[0].said
        return { equal, text: `NO: ${distinct} words, ${total} in all; theirs ${theirs.distinct}, ${theirs.total}` }
      },
    }
  }
  const pairs = []
  if (peers.tokenizers) {
    const { tokenizers } = peers
    pairs.push(
      pair(
        ours(whole.file, 1),
        python(`tokenizers ${tokenizers}, pre_tokenize_str and Counter`, 'pre_tokenize_str', 1),
        whole,
      ),
      pair(ours(whole.file, 1), python(`tokenizers ${tokenizers}, BpeTrainer without merges`, 'feed', 1), whole, false),
    )
    if (threads > 1)
      pairs.push(
        pair(
          ours(whole.file, threads),
          python(`tokenizers ${tokenizers}, BpeTrainer without merges`, 'feed', threads),
          whole,
          false,
        ),
      )
  }
  if (peers.huggingFaceJs) {
    const js = {
      name: `@huggingface/tokenizers ${peers.huggingFaceJs} (JS), pre_tokenize and Map`,
      command: process.execPath,
      args: [worker('count.mjs'), JSON.stringify({ library: 'huggingface', file: small.file })],
    }
    pairs.push(pair(ours(small.file, 1), js, small))
  }
  if (pairs.length === 0) pairs.push(pair(ours(whole.file, 1), null, whole, false))
  return {
    intro: [
      "Words as GPT-2's pattern cuts them, from the file to the last count, without the start of the process. Words match" +
        ' where all of them and all their counts are the same. BpeTrainer without merges cuts and counts the words, and' +
        ' then the pairs. SentencePiece and tiktoken have no step that counts.',
    ],
    pairs,
  }
}
