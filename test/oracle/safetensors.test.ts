/** Which files are safetensors: whatever the reference implementation (Rust, by way of Python) refuses, we refuse. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKoVocabError } from '../../src/errors'
import { DTYPE_BITS, headerLength, parseHeader } from '../../src/init/safetensors-header'
import { runs } from '../support/long'
import { findPython, runPython } from '../support/python'

const python = findPython(['safetensors'])

function accepted(file: Uint8Array): boolean {
  try {
    const length = headerLength(file.subarray(0, 8), file.length, 'file')
    parseHeader(file.subarray(8, 8 + length), file.length, 'file')
    return true
  } catch (error) {
    if (!isKoVocabError(error)) throw error
    return false
  }
}

function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return new Uint8Array(Buffer.concat([length, json, Buffer.alloc(dataBytes)]))
}

const ASK = `
import base64, json, sys, safetensors
def good(text):
    try:
        safetensors.deserialize(base64.b64decode(text))
        return True
    except Exception:
        return False
print(json.dumps([good(text) for text in json.load(sys.stdin)]))
`

describe.skipIf(!python.path)(`the reference implementation (${python.reason})`, () => {
  it('takes what we take of files damaged at random', async () => {
    const good = fileOf(
      `{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"c":{"dtype":"I64","shape":[],"data_offsets":[16,24]}}  `,
      24,
    )
    const size = fc.oneof(
      { arbitrary: fc.nat(16), weight: 8 },
      { arbitrary: fc.constantFrom(2 ** 32, 2 ** 53), weight: 1 },
    )
    const entry = fc.record({
      dtype: fc.constantFrom('F32', 'BF16', 'I8', 'BOOL', 'F8_E4M3', 'X'),
      shape: fc.array(size, { maxLength: 3 }),
      data_offsets: fc.tuple(size, size),
    })
    const written = fc.tuple(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), entry), { maxLength: 3 }), fc.nat(32))
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 2 })
    const files = [
      good,
      ...fc.sample(flips, { numRuns: runs(1500), seed: 1 }).map((all) => {
        const file = good.slice()
        for (const [at, byte] of all) file[at] = byte
        return file
      }),
      ...fc
        .sample(written, { numRuns: runs(1500), seed: 2 })
        .map(([entries, bytes]) =>
          fileOf(`{${entries.map(([name, one]) => `"${name}":${JSON.stringify(one)}`).join()}}`, bytes),
        ),
      ...Array.from({ length: good.length }, (_, end) => good.slice(0, end)),
    ]
    const theirs = await runPython<boolean[]>(
      python.path!,
      ASK,
      files.map((file) => Buffer.from(file).toString('base64')),
    )
    const ours = files.map(accepted)
    const text = (file: Uint8Array) => new TextDecoder().decode(file.subarray(8))
    expect(files.filter((_, i) => ours[i] && !theirs[i]).map(text)).toEqual([])
    expect(ours[0]).toBe(true)
    expect(ours.filter(Boolean).length).toBeGreaterThan(20)
    // Where we are stricter: keys that it does not know, or knows twice, and bytes of the data that it does not look at.
    const stricter = files.filter((_, i) => !ours[i] && theirs[i]).map(text)
    expect(stricter.filter((one) => !/"[^"]*":.*\}/.test(one))).toEqual([])
    expect(stricter.length).toBeLessThan(files.length / 10)
  })

  it('knows our dtypes', async () => {
    const files = Object.entries(DTYPE_BITS).map(([dtype, bits]) =>
      fileOf(JSON.stringify({ a: { dtype, shape: [8], data_offsets: [0, bits] } }), bits),
    )
    expect(files.map(accepted)).toEqual(files.map(() => true))
    const theirs = await runPython<boolean[]>(
      python.path!,
      ASK,
      files.map((file) => Buffer.from(file).toString('base64')),
    )
    // Older versions lack the narrow and the complex ones.
    const unknown = Object.keys(DTYPE_BITS).filter((_, i) => !theirs[i])
    expect(unknown.filter((dtype) => !/^(F8|F6|F4|C64)/.test(dtype))).toEqual([])
  })
})
