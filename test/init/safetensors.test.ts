import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeSafeTensors, encodeSafeTensors, type SafeTensors, type Tensor } from '../../src/init/safetensors'

const tensors = (): SafeTensors => ({
  tensors: {
    ids: { dtype: 'I32', shape: [3], data: Int32Array.of(1, -2, 3) },
    weights: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(0.5, 1, -1, 1e9) },
    wide: { dtype: 'F64', shape: [], data: Float64Array.of(Math.PI) },
    none: { dtype: 'I64', shape: [0, 4], data: new BigInt64Array(0) },
  },
  metadata: { b: '둘', a: '하나' },
})

test('the layout of the reference implementation: aligned, wide items first, header padded with spaces', () => {
  const file = encodeSafeTensors(tensors())
  const headerBytes = Number(new DataView(file.buffer).getBigUint64(0, true))
  const text = new TextDecoder().decode(file.subarray(8, 8 + headerBytes))
  expect(headerBytes % 8).toBe(0)
  expect(text.trimEnd()).toBe(
    '{"__metadata__":{"a":"하나","b":"둘"},' +
      '"none":{"dtype":"I64","shape":[0,4],"data_offsets":[0,0]},' +
      '"wide":{"dtype":"F64","shape":[],"data_offsets":[0,8]},' +
      '"weights":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},' +
      '"ids":{"dtype":"I32","shape":[3],"data_offsets":[24,36]}}',
  )
  expect(file.length).toBe(8 + headerBytes + 36)
  expect([...file.subarray(8 + headerBytes + 24, 8 + headerBytes + 32)]).toEqual([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff])
  expect(decodeSafeTensors(file, 'x')).toEqual(tensors())
})

test('any tensors survive the round trip, at any alignment', () => {
  const float32 = fc.float({ noNaN: true, noDefaultInfinity: false })
  const tensor: fc.Arbitrary<Tensor> = fc.oneof(
    fc
      .array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))
      .map((v) => ({ dtype: 'I32' as const, shape: [v.length], data: Int32Array.from(v) })),
    fc.array(float32).map((v) => ({ dtype: 'F32' as const, shape: [1, v.length], data: Float32Array.from(v) })),
    fc.array(fc.double()).map((v) => ({ dtype: 'F64' as const, shape: [v.length], data: Float64Array.from(v) })),
    fc
      .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
      .map((v) => ({ dtype: 'I64' as const, shape: [v.length], data: BigInt64Array.from(v) })),
  )
  const name = fc.string().filter((s) => s !== '__metadata__' && s !== '__proto__')
  const metadata = fc.dictionary(name, fc.string())
  fc.assert(
    fc.property(fc.dictionary(name, tensor), metadata, fc.nat(7), (all, meta, shift) => {
      const file = encodeSafeTensors({ tensors: all, metadata: meta })
      const shifted = new Uint8Array(file.length + shift)
      shifted.set(file, shift)
      expect(decodeSafeTensors(shifted.subarray(shift), 'x')).toEqual({ tensors: all, metadata: meta })
    }),
    { numRuns: 500 },
  )
})

test('a shape that does not fit cannot be written', () => {
  const wrong: SafeTensors = { tensors: { a: { dtype: 'I32', shape: [2], data: new Int32Array(3) } }, metadata: {} }
  expect(() => encodeSafeTensors(wrong)).toThrow(/shape \[2\] cannot hold 3/)
})

describe('hostile files', () => {
  /** A header as given, then `dataBytes` zeros. */
  const file = (header: string, dataBytes: number, headerBytes?: bigint) => {
    const json = new TextEncoder().encode(header)
    const bytes = new Uint8Array(8 + json.length + dataBytes)
    new DataView(bytes.buffer).setBigUint64(0, headerBytes ?? BigInt(json.length), true)
    bytes.set(json, 8)
    return bytes
  }
  const i32 = (begin: number, end: number, shape = [(end - begin) / 4]) =>
    JSON.stringify({ dtype: 'I32', shape, data_offsets: [begin, end] })
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'need 8 bytes for the header length, have 0'],
    ['a header above 100 MB', file('{}', 0, 100_000_001n), 'above the limit'],
    ['a header length near 2^64', file('{}', 0, 2n ** 64n - 1n), 'above the limit'],
    ['a header cut off', file('{}', 0, 50n), 'header ends at byte 58, file has 10'],
    ['no object', file('[]', 0), 'does not begin with {'],
    ['no JSON', file('{"a"', 0), 'not JSON'],
    ['no UTF-8', file('{"a":1}', 0).map((b, i) => (i === 10 ? 0xff : b)), 'not JSON'],
    ['a tensor twice', file(`{"a":${i32(0, 4)},"a":${i32(4, 8)}}`, 8), 'has the key "a" twice'],
    [
      'a tensor twice, spelled otherwise',
      file(`{"a":${i32(0, 4)},"\\u0061":${i32(4, 8)}}`, 8),
      'has the key "a" twice',
    ],
    ['a dtype twice', file('{"a":{"dtype":"I32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}', 0), '"dtype" twice'],
    ['an overlap', file(`{"a":${i32(0, 8)},"b":${i32(4, 12)}}`, 12), 'inside another'],
    ['a gap', file(`{"a":${i32(0, 4)},"b":${i32(8, 12)}}`, 12), 'after a gap'],
    ['data cut off', file(`{"a":${i32(0, 8)}}`, 4), 'truncated: tensor a'],
    ['bytes left over', file(`{"a":${i32(0, 4)}}`, 5), '1 bytes after the last tensor'],
    ['offsets that fall', file(`{"a":${i32(4, 0, [1])}}`, 4), 'needs 4 bytes, has -4'],
    ['a shape that overflows', file(`{"a":${i32(0, 4, [2 ** 40, 2 ** 40])}}`, 4), 'needs 4.8'],
    ['a negative shape', file(`{"a":${i32(0, 4, [-1, -1])}}`, 4), 'no dtype and shape'],
    [
      'offsets that are no numbers',
      file('{"a":{"dtype":"I32","shape":[1],"data_offsets":["0",4]}}', 4),
      'no data_offsets',
    ],
    ['an entry that is null', file('{"a":null}', 0), 'no dtype and shape'],
    ['metadata that is a list', file('{"__metadata__":["a"]}', 0), 'must map strings to strings'],
    ['metadata that holds a number', file('{"__metadata__":{"a":1}}', 0), 'must map strings to strings'],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeSafeTensors(bytes, 'map.safetensors')).toThrow(message)
    expect(() => decodeSafeTensors(bytes, 'map.safetensors')).toThrow('map.safetensors: ')
  })

  test('another dtype is unsupported', () => {
    const bytes = file('{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', 2)
    expect(() => decodeSafeTensors(bytes, 'x')).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })

  test('keys, braces and colons inside strings are no structure', () => {
    const metadata = { 'a": {"a': 'b": "b', x: '{"x":1,"x":2}' }
    expect(decodeSafeTensors(encodeSafeTensors({ tensors: {}, metadata }), 'x').metadata).toEqual(metadata)
  })
})
