/** What the invalid scenarios share: small streams that are right but for one thing. */
import { header, rows } from './frames.mjs'
import { hashHex, stream } from './stream.mjs'

export const directory = { kind: 'directory', mtime: '1700000000' }
export const file = { kind: 'file', mtime: '1700000000' }
export const root = { path: '', after: directory }
export const fileRow = (path) => ({ path, after: file })

/** A file with that text as its content. */
export const withText = (text, more = {}) => ({
  ...file,
  size: Buffer.byteLength(text),
  content: hashHex(text),
  ...more,
})

/** A snapshot of a header, the rows and an end: frames 0, 1 and 2. */
export function snapshot(list, options = {}, change = {}) {
  return stream('snapshot', [header(), rows(list, options)], change)
}

/** A stream of any kind with these rows. */
export function changes(kind, list, options = {}) {
  return stream(kind, [header(), rows(list, options)])
}

/** A snapshot of a root and one file whose side is changed. */
export function one(side, options = {}) {
  return snapshot([root, { path: 'a', after: { ...file, ...side } }], options)
}

/** The same with one field of the after map set. */
export const oneWith = (name, value) => one({}, { fields: (fields) => fields.get('after').set(name, value) })

/** A changeset of a header, the frames and an end. */
export const changeset = (...frames) => stream('changeset', [header(), ...frames])
