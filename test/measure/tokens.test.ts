import { describe, expect, it } from 'vitest'
import { measureTokens } from '../../src/measure/tokens'
import { createEncoder } from '../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { llama2Json } from '../support/fixtures'
import { sharedDir, sharedLines } from '../support/shared'

const llama2 = async () => createEncoder(readTokenizerJson(await llama2Json(), 'tokenizer.json'))

describe('measureTokens', () => {
  it('adds up tokens, syllables, eojeols and bytes', async () => {
    const measure = measureTokens(await llama2(), ['안녕하세요, 오늘은 날씨가 좋네요.', '', 'Hello\tworld  é😀'])
    // Llama-2 spends 30 tokens on the first line, as published.
    expect(measure).toMatchObject({ lines: 3, syllables: 14, words: 7 })
    expect(measure.bytes).toBe(new TextEncoder().encode('안녕하세요, 오늘은 날씨가 좋네요.Hello\tworld  é😀').length)
    expect(measureTokens(await llama2(), ['안녕하세요, 오늘은 날씨가 좋네요.']).tokens).toBe(30)
    expect(measure.tokensPerSyllable).toBe(measure.tokens / 14)
    expect(measure.bytesPerToken).toBe(measure.bytes / measure.tokens)
  })

  it('has no ratio where there is nothing to divide by', async () => {
    const measure = measureTokens(await llama2(), [])
    expect([measure.tokensPerSyllable, measure.tokensPerWord, measure.bytesPerToken]).toEqual([NaN, NaN, NaN])
  })

  it.skipIf(!sharedDir)('finds about what is known of Llama-2 on Korean text (needs ../shared)', async () => {
    const lines = await sharedLines('general', 2000)
    expect(measureTokens(await llama2(), lines).tokensPerSyllable).toBeGreaterThan(1.9)
    expect(measureTokens(await llama2(), lines).tokensPerSyllable).toBeLessThan(2.5)
  })
})
