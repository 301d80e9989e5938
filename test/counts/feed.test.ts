import { describe, expect, it } from 'vitest'
import { createFeed } from '../../src/counts/feed'
import type { CountPlan } from '../../src/counts/plan'
import { countReference } from '../../src/counts/reference'
import { encodeUtf8 } from '../../src/text/utf8'
import { asMap, concat, plans } from './nasty'

function count(plan: CountPlan, file: Uint8Array, blockBytes: number): Map<string, number> {
  const feed = createFeed(plan)
  for (let at = 0; at < file.length; at += blockBytes) feed.push(file.subarray(at, at + blockBytes))
  feed.end()
  return asMap(feed.table)
}

const repeat = (part: string, bytes: number) => encodeUtf8(part.repeat(Math.ceil(bytes / encodeUtf8(part).length)))
const MIB = 1 << 20

/** Lines of more than a megabyte, which no block holds. */
const longLines: Record<string, Uint8Array> = {
  'one word': repeat('가나다라마바사', 1.7 * MIB),
  'one word behind a space': concat([encodeUtf8('가 '), repeat('가나다라마바사', 1.2 * MIB)]),
  'words without spaces between other scripts': repeat('가나漢字다라マ、바', 1.7 * MIB),
  'words between emoji': repeat('가나😀다', 1.2 * MIB),
  'words between Latin letters': repeat('가나다LLM은', 1.2 * MIB),
  'words and spaces': repeat('안녕하세요  세계 는 ', 1.7 * MIB),
  'punctuation alone': concat([encodeUtf8('가'), repeat('!', 1.7 * MIB), encodeUtf8('나!')]),
  'words and punctuation': repeat('가!나?다', 1.2 * MIB),
  'broken bytes': concat([encodeUtf8('가'), new Uint8Array(1.2 * MIB).fill(0x80), encodeUtf8('나')]),
  'cut characters': concat([encodeUtf8('가'), repeat('나', 1.2 * MIB).map((byte, i) => (i % 3 === 2 ? 0xeb : byte))]),
  'spaces alone': concat([encodeUtf8('가'), repeat(' ', 1.2 * MIB), encodeUtf8('나')]),
  'a line among others': concat([encodeUtf8('가 나\n다'), repeat('라마\u00a0', 1.2 * MIB), encodeUtf8('\n바 사')]),
}

describe.each(Object.keys(plans))('a line of more than a megabyte, plan %s', (name) => {
  const plan = plans[name]
  it.each(Object.keys(longLines))('%s', (kind) => {
    const file = longLines[kind]
    const whole = count(plan, file, file.length)
    expect(whole.size).toBeGreaterThan(0)
    for (const blockBytes of [65_536, MIB + 1]) expect(count(plan, file, blockBytes)).toEqual(whole)
    // The other plans take such a line in pieces.
    if (plan.kind === 'runs') expect(whole).toEqual(countReference(plan, file))
  })
})

describe('a feed', () => {
  it.each(['Llama-2 and Mistral', 'spaces', 'cl100k'])(
    'holds no more than a few megabytes of a 50 MB line of one word (%s)',
    (name) => {
      const block = repeat('가나다라', 3 * 65_536)
      const feed = createFeed(plans[name])
      const before = process.memoryUsage().arrayBuffers
      let highest = 0
      for (let bytes = 0; bytes < 50e6; bytes += block.length) {
        feed.push(block)
        highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)
      }
      feed.end()
      expect(highest).toBeLessThan(16e6)
      const words = asMap(feed.table)
      expect(words.size).toBeGreaterThan(0)
      expect(words.size).toBeLessThan(200)
    },
  )

  it('counts nothing in nothing', () => {
    for (const plan of Object.values(plans)) {
      for (const file of ['', '\n', '\r\n', '\n\n\n', '\ufeff', '\ufeff\n']) {
        const bytes = encodeUtf8(file)
        expect([...count(plan, bytes, 1).keys()], JSON.stringify(file)).toEqual([])
        expect([...countReference(plan, bytes).keys()]).toEqual([])
      }
    }
  })

  it('joins spaces as the rules say', () => {
    const words = (name: string, text: string) => [...count(plans[name], encodeUtf8(text), 7).keys()].sort()
    const text = '가 나  다\n라\n 마\n  바 LLM은2024년'
    expect(words('Llama-2 and Mistral', text)).toEqual([' 가', ' 나', ' 라', '년', '다', '마', '바', '은'])
    expect(words('Metaspace', text)).toEqual([' 가', ' 나', ' 라', ' 마', '년', '다', '바', '은'])
    expect(words('Yi', text)).toEqual([' 나', ' 다', ' 마', ' 바', '가', '년', '라', '은'])
    expect(words('punctuation', '가!? 나, 다')).toEqual([' 가!?', ' 나,', ' 다'])
  })

  it('cuts a run of more than 256 characters, and a word of more than 4,095 bytes', () => {
    const run = count(plans.Yi, encodeUtf8(` ${'가'.repeat(600)}`), 100)
    expect(run).toEqual(
      new Map([
        [` ${'가'.repeat(256)}`, 1],
        ['가'.repeat(256), 1],
        ['가'.repeat(88), 1],
      ]),
    )
    // 5,000 bytes and more, where 4,095 ends inside a character.
    for (const word of ['가'.repeat(1667), `a${'é'.repeat(2600)}`, '😀'.repeat(1300)]) {
      for (const plan of [plans.spaces, plans.cl100k]) {
        const words = [...count(plan, encodeUtf8(word), 1000).keys()]
        expect(words.join('').replaceAll(' ', '')).toBe(word)
        for (const part of words) expect(encodeUtf8(part).length).toBeLessThanOrEqual(4095)
      }
    }
  })
})
