/** The folder of a tokenizer as its users load it: ids by Python tokenizers, transformers, C++ sentencepiece and tiktoken. */
import { readdirSync } from 'node:fs'
import { findPython, openPython } from '../../support/python'

export const peersPython = findPython(['tokenizers', 'transformers', 'sentencepiece', 'tiktoken'])

/** By peer the ids of each text; `sentencepiece` and `tiktoken` where the folder has their file. */
export interface PeerAnswers {
  ids: Record<string, number[][]>
  /** What transformers says of the whole. */
  class: string
  withBos: number[]
  size: number
}

export function askPeers(folder: string, form: string, texts: readonly string[]): Promise<PeerAnswers> {
  const companion = readdirSync(folder).find((file) => file.endsWith('.special.json'))
  ask ??= openPython(peersPython.path!, ANSWER)
  return ask({ folder, texts, form, tiktoken: companion?.replace('.special.json', '') })
}

let ask: ((query: object) => Promise<PeerAnswers>) | undefined

const ANSWER = `
import base64, json, os
import sentencepiece, tiktoken
from tokenizers import Tokenizer
from transformers import AutoTokenizer

def answer(q):
    folder, texts = q['folder'], q['texts']
    ids = {}
    t = Tokenizer.from_file(os.path.join(folder, 'tokenizer.json'))
    ids['tokenizers'] = [e.ids for e in t.encode_batch(texts, add_special_tokens=False)]
    a = AutoTokenizer.from_pretrained(folder)
    ids['transformers'] = [a.encode(x, add_special_tokens=False) for x in texts]
    model = os.path.join(folder, 'tokenizer.model')
    if os.path.exists(model) and q['form'] == 'sentencepiece':
        ids['sentencepiece'] = sentencepiece.SentencePieceProcessor(model_file=model).encode(texts)
    if q['form'] == 'byte-level':
        name = q['tiktoken']
        ranks = {}
        for line in open(os.path.join(folder, name), 'rb').read().splitlines():
            if line:
                token, rank = line.split()
                ranks[base64.b64decode(token)] = int(rank)
        companion = json.load(open(os.path.join(folder, name + '.special.json')))
        pattern, special = companion['pattern'], companion['special_tokens']
        e = tiktoken.Encoding('x', pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)
        ids['tiktoken'] = [e.encode_ordinary(x) for x in texts]
    return {'ids': ids, 'class': type(a).__name__, 'withBos': a.encode('가', add_special_tokens=True), 'size': len(a)}
`
