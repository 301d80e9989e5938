/** Ids and texts of Hugging Face `tokenizers` (Rust, by way of Python), for many inputs in one call. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPython, runPython } from '../support/python'

export const python = findPython(['tokenizers'])

export interface HfAnswers {
  ids: number[][]
  decoded: string[]
}

/** Encodes `texts`, and decodes `idLists` with special tokens left in, by the tokenizer.json given as a string. */
export async function askHuggingFace(json: string, texts: string[], idLists: number[][] = []): Promise<HfAnswers> {
  const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-oracle-'))
  try {
    writeFileSync(join(folder, 'tokenizer.json'), json)
    return await runPython<HfAnswers>(python.path!, SCRIPT, { path: join(folder, 'tokenizer.json'), texts, idLists })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const SCRIPT = `
import json, sys
from tokenizers import Tokenizer
q = json.load(sys.stdin)
t = Tokenizer.from_file(q['path'])
print(json.dumps({
  'ids': [t.encode(x, add_special_tokens=False).ids for x in q['texts']],
  'decoded': [t.decode(x, skip_special_tokens=False) for x in q['idLists']],
}))
`
