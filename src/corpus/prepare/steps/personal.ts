/** Masks for personal data of Korea: patterns, each checked as far as its numbers can be. */
import { z } from 'zod'
import { eachText, optionsOf, stepKind } from '../kind'
import { KINDS, maskPersonal, type PersonalKind } from '../personal'

const kind = z.enum(KINDS, { error: `expected some of ${KINDS.join(', ')}` })
const text = z.string({ error: 'expected a text' })

export const personal = stepKind({
  name: 'personal',
  about: 'resident numbers, phones, e-mail, cards, bank accounts become masks',
  options: optionsOf({
    kinds: z.array(kind, { error: `expected a list of ${KINDS.join(', ')}` }).default([...KINDS]),
    /** What stands in the place of each. */
    masks: z
      .strictObject(
        Object.fromEntries(KINDS.map((name) => [name, text.optional()])) as Record<
          PersonalKind,
          z.ZodOptional<z.ZodString>
        >,
      )
      .default({}),
  }),
  start: ({ kinds, masks }, { count }) => eachText((text) => maskPersonal(text, kinds, masks, count)),
  hide:
    ({ kinds, masks }) =>
    (shown) =>
      maskPersonal(shown, kinds, masks),
})
