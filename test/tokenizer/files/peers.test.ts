/** The folders we write, loaded by the libraries that will load them: Hugging Face tokenizers, SentencePiece, tiktoken. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../../src/tokenizer/load'
import { saveTokenizer } from '../../../src/tokenizer/save'
import { koreanText } from '../../support/fixtures'
import { findPython, runPython } from '../../support/python'
import { sharedDir, sharedLines } from '../../support/shared'

const python = findPython(['tokenizers', 'sentencepiece', 'tiktoken'])
const root = await mkdtemp(join(tmpdir(), 'ko-vocab-peers-'))
afterAll(() => rm(root, { recursive: true }))

const SCRIPT = `
import json, os, sys
ask = json.load(sys.stdin)
texts = ask['texts']
def json_ids(path):
    from tokenizers import Tokenizer
    return [e.ids for e in Tokenizer.from_file(path).encode_batch(texts, add_special_tokens=False)]
def other_ids(path):
    if os.path.exists(path + '.special.json'):
        import tiktoken
        from tiktoken.load import load_tiktoken_bpe
        with open(path + '.special.json', encoding='utf8') as file:
            extras = json.load(file)
        encoding = tiktoken.Encoding('base', pat_str=extras['pattern'], mergeable_ranks=load_tiktoken_bpe(path),
                                     special_tokens=extras['special_tokens'])
        return [encoding.encode(text, disallowed_special=()) for text in texts]
    import sentencepiece
    return sentencepiece.SentencePieceProcessor(model_file=path).encode(texts)
print(json.dumps({path: (json_ids if path.endswith('.json') else other_ids)(path) for path in ask['paths']}))
`

const odd = [
  '',
  ' ',
  '  두 칸,   세 칸,                  열여덟 칸',
  'ㅋㅋㅋㅋ ㅠㅠ 😀 \u1100\u1161 龍 é\u0301',
  'tab\t\ttab\n\nline\r\n<h1>제목</h1> ```js```',
  '<br><br/> 2024년 12월 ０１２ 3.14',
]

/** Base, and the file that is read from its folder; everything that the base's folder does not hold is derived. */
const cases: [string, string][] = [
  ['llama-2', 'tokenizer.json'],
  ['llama-2', 'tokenizer.model'],
  ['mistral-7b-v0.1', 'tokenizer.json'],
  ['mistral-7b-v0.1', 'tokenizer.model'],
  ['yi-6b', 'tokenizer.model'],
  ['llama-3', 'tokenizer.json'],
  ['llama-3', 'tokenizer.model'],
]

describe.skipIf(!python.path || !sharedDir)(`written folders in other libraries (${python.reason}; ../shared)`, () => {
  it.each(cases)('%s from %s gives the ids of the base in every format', async (base, file) => {
    const folder = join(sharedDir!, 'tokenizers', base)
    const out = join(root, `${base}-${file}`)
    const { files } = await saveTokenizer(await loadTokenizer(join(folder, file)), out)
    const name = files.find((f) => f.endsWith('.model') || f.endsWith('.tiktoken'))
    expect(name).toBeDefined()

    const interfaceText = (await koreanText()).split('\n').filter((_, i) => i % 40 === 0)
    const shared = await Promise.all(
      (['reviews', 'literature', 'code', 'ja_zh'] as const).map((d) => sharedLines(d, 150, 7)),
    )
    const texts = [...odd, ...interfaceText, ...shared.flat()]
    const reference = base === 'yi-6b' || base === 'llama-2' ? 'tokenizer.model' : 'tokenizer.json'
    const paths = [join(folder, reference), join(out, 'tokenizer.json'), join(out, name!)]
    const ids = await runPython<Record<string, number[][]>>(python.path!, SCRIPT, { texts, paths })
    texts.forEach((text, i) => {
      expect(ids[paths[1]][i], `tokenizer.json: ${text}`).toEqual(ids[paths[0]][i])
      expect(ids[paths[2]][i], `${name}: ${text}`).toEqual(ids[paths[0]][i])
    })
  })
})
