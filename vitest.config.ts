import { defineConfig } from 'vitest/config'

/** The long mode runs properties ten thousand times, fewer where one takes long. */
const long = process.env.KO_VOCAB_LONG === '1'

const build = 'test/support/build.ts'

export default defineConfig({
  test: {
    testTimeout: long ? 900_000 : 60_000,
    hookTimeout: 300_000,
    setupFiles: 'test/support/seed.ts',
    // Two workers: the suites carry vocabularies of tens of MB each, and small machines have two cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{cli,oracle,package,docs}/**'],
        },
      },
      { extends: true, test: { name: 'built', include: ['test/{cli,oracle}/**/*.test.ts'], globalSetup: build } },
      { extends: true, test: { name: 'package', include: ['test/package/**/*.test.ts'], globalSetup: build } },
      { extends: true, test: { name: 'docs', include: ['test/docs/**/*.test.ts'], globalSetup: build } },
    ],
  },
})
