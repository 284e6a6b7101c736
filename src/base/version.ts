/** Name and version of this toolkit, as a header records them (spec §7.1). test/tidy.test.ts compares it with package.json. */
export const VERSION = '1.0.0'
export const TOOL = `fs-changeset ${VERSION}`
