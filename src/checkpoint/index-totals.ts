/** model.safetensors.index.json after the shards have grown: the tensors are where they were, the totals are not. */
import type { SafeTensorsHeader } from '../init/safetensors-header'
import { membersOf, memberValue, withMember } from './json-edit'

/**
 * @param index the text of the old index, which stays but for its totals
 * @param before headers of the old shards, `after` of the new ones
 */
export function withTotals(
  index: Uint8Array,
  name: string,
  before: readonly SafeTensorsHeader[],
  after: readonly SafeTensorsHeader[],
): Uint8Array {
  const metadata = membersOf(index, name, ['metadata'])
  if (!metadata) return index
  const changed = withMember(
    metadata,
    'total_size',
    sumOf(after, ({ begin, end }) => end - begin),
  )
  const members = membersOf(changed, name, ['metadata'])!
  const parameters = memberValue(members, 'total_parameters')
  if (typeof parameters !== 'number') return changed
  // transformers counts tied parameters once; what was added is certain.
  const itemsOf = ({ shape }: { shape: number[] }) => shape.reduce((a, b) => a * b, 1)
  return withMember(members, 'total_parameters', parameters + sumOf(after, itemsOf) - sumOf(before, itemsOf))
}

function sumOf(shards: readonly SafeTensorsHeader[], of: (entry: SafeTensorsHeader['entries'][number]) => number) {
  return shards.reduce((sum, { entries }) => sum + entries.reduce((part, entry) => part + of(entry), 0), 0)
}
