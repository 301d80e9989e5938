import { version as packageVersion } from '../package.json'

/** The version in package.json, inlined by the build; `run.json` and every emitted file's metadata carry it. */
export const version: string = packageVersion
