/** Reports to draw, made by the real bench and plan: a small extension of Llama-2, with its audit, and hostile text. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runRecord } from '../../../src/corpus/run-record'
import { auditExtension } from '../../../src/extend/audit/audit'
import { extendTokenizer } from '../../../src/extend/extend'
import { bench, type Domain } from '../../../src/measure/bench/bench'
import { knownModelShape } from '../../../src/measure/bench/model-shape'
import type { BenchReport } from '../../../src/measure/bench/types'
import type { ExtensionPlan } from '../../../src/measure/plan/types'
import { measuredTokenizer } from '../../../src/measure/tokenizers/own'
import { planExtension } from '../../../src/plan-extension'
import { defaultScopeName, scopeNamed } from '../../../src/text/scope'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import { koreanText, llama2Json, mistralJson } from '../../support/fixtures'

/** What a page must show and never do. */
export const HOSTILE = [
  '</script><script>globalThis.broken = 1</script> 가나 다라',
  '<img src=x onerror="globalThis.broken = 1"> 가나 다라',
  "\"' onmouseover=globalThis.broken=1 x=' 가나 다라",
  '<!-- <script> 가나 \u2028 다라 \u2029 ]]> &amp; &#60;b&#62;',
  '\u202e거꾸로 \u200f표시 \u2066가나\u2069 \ufeff\u0007 다라',
  '반쪽 \ud83d 과 \udc00 짝이 없는 글자',
  'שלום العربية 가나 다라마바사',
]

export interface Drawn {
  report: BenchReport
  plan: ExtensionPlan
}

let made: Promise<Drawn> | null = null

/** Made once; 4,000 lines to learn from, three Korean domains and one that is not. */
export function drawn(): Promise<Drawn> {
  made ??= make()
  return made
}

async function make(): Promise<Drawn> {
  const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-report-'))
  try {
    const base = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const lines = (await koreanText()).split('\n').slice(0, 4500)
    const corpus = join(folder, 'ko.txt')
    writeFileSync(corpus, `${lines.slice(0, 4000).join('\n')}\n`)
    const { plan, learned } = await planExtension({ base, corpus: [corpus], max: 1500, trainingTokens: 1e7 })
    const extended = extendTokenizer(base, learned)
    const scope = scopeNamed(defaultScopeName(base.form))
    const skip = ['3-scope-sweep', '6-round-trip-sweep']
    const audit = await auditExtension({ base, extended, scope, level: 'quick', referees: 'none', skip })
    const run = runRecord('extend', { base: 'llama-2', corpus: ['<b>.txt'], add: 1500 }, 1, [
      { path: '</td><script>globalThis.broken=1</script>.txt', size: 12, sha256: 'ab'.repeat(32) },
      { path: '-', size: null, sha256: null },
    ])
    const domain = (name: string, texts: string[]): Domain => ({ name, files: [`${name}.txt`], lines: () => texts })
    const held = lines.slice(4000)
    const report = await bench(
      [
        measuredTokenizer(base, 'llama-2', '/models/llama-2'),
        { ...measuredTokenizer(extended, 'ours <b>&amp;'), provenance: { audit, run, notes: ['audit.json: <i>'] } },
        measuredTokenizer(
          readTokenizerJson(mistralJson(), 'tokenizer.json'),
          `/a/very/long/path/${'to/'.repeat(20)}mistral`,
        ),
      ],
      [
        domain(
          'long',
          held.filter((line) => line.length > 30),
        ),
        domain(
          'short',
          held.filter((line) => line.length <= 30),
        ),
        domain('<script>alert(1)</script>\u2028', HOSTILE),
        domain('english', ['Reload the window to apply the change.', 'const ids = encode(text)']),
      ],
      {
        model: knownModelShape('7b'),
        parallel: { first: domain('ko', ['창을 다시 로드하세요.']), second: domain('en', ['Reload the window.']) },
        run: runRecord('bench', { tokenizer: ['llama-2', 'ours'], model: '7b' }, 0, []),
      },
    )
    // As it comes from bench.json.
    return JSON.parse(JSON.stringify({ report, plan })) as Drawn
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
