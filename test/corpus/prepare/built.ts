/** Threads, and processes that are killed, run built scripts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** @param source under test/ or src/, from the root of the project */
export function builtScript(source: string, outfile: string): string {
  const entry = fileURLToPath(new URL(`../../../${source}`, import.meta.url))
  // sentencepiece-js asks for `require`.
  const banner = { js: "import { createRequire as r } from 'node:module'; globalThis.require ??= r(import.meta.url)" }
  const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' } as const
  buildSync({ entryPoints: [entry], outfile, banner, ...options })
  return outfile
}

/** Paths in a folder, and what the files hold, as latin1. */
export function filesIn(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(folder.length + 1)] = readFileSync(path, 'latin1')
  }
  return files
}

const WORDS =
  '오늘은 날씨가 매우 좋습니다 그리고 도서관에서 책을 읽었다 문의는 전화로 주세요 새로운 소식을 전합니다 회의 결과를 알립니다 ㅋㅋㅋㅋㅋ 정말 재미있게 봤어요'.split(
    ' ',
  )

/** Korean of no meaning, in which documents, lines and phrases come again. */
export function koreanDocuments(count: number, seed: number): string[] {
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const documents: string[] = []
  for (let i = 0; i < count; i++) {
    const kind = random(10)
    if (kind === 0 && i > 0) documents.push(documents[random(i)])
    else if (kind === 1 && i > 0) documents.push(`${documents[random(i)]} ${WORDS[random(WORDS.length)]}`)
    else if (kind === 2) documents.push(`<p>연락처&nbsp;010-${1000 + random(9000)}-${1000 + random(9000)}</p>`)
    else {
      const words = Array.from({ length: 3 + random(60) }, () => `${WORDS[random(WORDS.length)]}${random(50) || '\n'}`)
      documents.push(words.join(' ').replace(/\n\s*/g, '\n'))
    }
  }
  return documents
}
