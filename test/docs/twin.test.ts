import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** Code blocks of a page, without the tag that keeps the twin's from running a second time. */
function blocks(page: string): string[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm)].map(([, language, code]) => `${language}\n${code}`)
}

it('README.ko.md shows the same commands and programs as README.md', () => {
  const english = blocks('README.md')
  expect(english.length).toBeGreaterThan(5)
  expect(blocks('README.ko.md')).toEqual(english)
})
