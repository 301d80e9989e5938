/** prepareFolder in a process of its own, which a test kills. The first argument holds what the test wants, as JSON. */
import { expandDomains } from '../../../src/corpus/domains'
import { prepareFolder } from '../../../src/corpus/prepare/prepare-folder'
import { readPlan } from '../../../src/corpus/prepare/read-steps'

const { corpus, plan, ...wanted } = JSON.parse(process.argv[2])
const domains = await expandDomains(corpus)
const { resumed, shards } = await prepareFolder({ domains, plan: readPlan(plan, 'plan'), name: 'n', ...wanted })
process.stdout.write(JSON.stringify({ resumed, shards: shards.length }))
