import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyInitMapToCheckpoint } from '../../src/checkpoint/apply'
import { layOut } from './model'
import { readModel, rowOf } from './read-model'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-apply-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('one file', () => {
  it('has the base rows as they were, new rows W · base, padding the mean', async () => {
    const { map, base, extended, out, ...paths } = await layOut(folder)
    const result = await applyInitMapToCheckpoint({ ...paths, out })
    const before = readModel(paths.checkpoint)
    const after = readModel(out)
    expect(result).toMatchObject({ rows: extended.pieces.length, newRows: 7, dtype: 'F32', tied: false })
    for (const [name, side] of [
      ['model.embed_tokens.weight', 'input'],
      ['lm_head.weight', 'output'],
    ] as const) {
      const [old, grown] = [before.tensors[name], after.tensors[name]]
      expect(grown.shape).toEqual([extended.pieces.length, 16])
      expect(grown.bytes.subarray(0, old.bytes.length).equals(old.bytes)).toBe(true)
      const { indptr, indices, weights } = map[side]
      map.newIds.forEach((id, row) => {
        const sum = Array<number>(16).fill(0)
        for (let k = indptr[row]; k < indptr[row + 1]; k++) {
          rowOf(old, indices[k]).forEach((value, c) => {
            sum[c] += weights[k] * value
          })
        }
        expect(rowOf(grown, id)).toEqual(sum.map(Math.fround))
      })
      const mean = Array.from({ length: 16 }, (_, c) => {
        let sum = 0
        for (let row = 0; row < base.pieces.length; row++) sum += rowOf(old, row)[c]
        return Math.fround(sum / base.pieces.length)
      })
      for (const id of map.paddingIds) expect(rowOf(grown, id)).toEqual(mean)
      expect(map.paddingIds.length).toBeGreaterThan(0)
    }
    for (const name of Object.keys(before.tensors)) {
      if (name.includes('layers')) expect(after.tensors[name].bytes.equals(before.tensors[name].bytes)).toBe(true)
    }
    expect(Object.keys(after.headers['model.safetensors'])).toEqual(Object.keys(before.headers['model.safetensors']))
    const text = readFileSync(join(paths.checkpoint, 'config.json'), 'utf8')
    expect(readFileSync(join(out, 'config.json'), 'utf8')).toBe(
      text.replace(`"vocab_size": ${base.pieces.length}`, `"vocab_size": ${extended.pieces.length}`),
    )
    expect(readdirSync(folder).sort()).toEqual(['base', 'extended', 'init-map.safetensors', 'out'])
    expect(readdirSync(out).sort()).toEqual(result.files)
  })
})
