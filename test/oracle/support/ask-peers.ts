/** The folder of a tokenizer as its users load it: ids by Python tokenizers, transformers, C++ sentencepiece and tiktoken. */
import { readdirSync } from 'node:fs'
import { findPython, runPython } from '../../support/python'

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
  const query = { folder, texts, form, tiktoken: companion?.replace('.special.json', '') }
  return runPython<PeerAnswers>(peersPython.path!, ASK, query)
}

const ASK = `
import json, sys, os
q = json.load(sys.stdin)
folder, texts = q['folder'], q['texts']
ids = {}
from tokenizers import Tokenizer
t = Tokenizer.from_file(os.path.join(folder, 'tokenizer.json'))
ids['tokenizers'] = [e.ids for e in t.encode_batch(texts, add_special_tokens=False)]
from transformers import AutoTokenizer
a = AutoTokenizer.from_pretrained(folder)
ids['transformers'] = [a.encode(x, add_special_tokens=False) for x in texts]
if os.path.exists(os.path.join(folder, 'tokenizer.model')) and q['form'] == 'sentencepiece':
    import sentencepiece as spm
    s = spm.SentencePieceProcessor(model_file=os.path.join(folder, 'tokenizer.model'))
    ids['sentencepiece'] = s.encode(texts)
if q['form'] == 'byte-level':
    import tiktoken, base64
    name = q['tiktoken']
    ranks = {}
    for line in open(os.path.join(folder, name), 'rb').read().splitlines():
        if line:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
    companion = json.load(open(os.path.join(folder, name + '.special.json')))
    e = tiktoken.Encoding('x', pat_str=companion['pattern'], mergeable_ranks=ranks, special_tokens=companion['special_tokens'])
    ids['tiktoken'] = [e.encode_ordinary(x) for x in texts]
print(json.dumps({'ids': ids, 'class': type(a).__name__, 'withBos': a.encode('가', add_special_tokens=True), 'size': len(a)}))
`
