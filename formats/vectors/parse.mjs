/** Reads vectors: the bytes of a scenario and what a reader must make of them. formats/README.md describes the text. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * A vector's text as `{ about, bytes, lines, error }`: `lines` are the objects of a valid one, else null; `error` is
 * `{ code, rule, offset }` of an invalid one, else null.
 */
export function parseVector(text) {
  const sections = new Map([['about', []]])
  let name = 'about'
  for (const line of text.split('\n')) {
    if (line.startsWith('= ')) {
      name = line.slice(2)
      sections.set(name, [])
    } else sections.get(name).push(line)
  }
  const error = sections
    .get('error')
    ?.filter((line) => line !== '')
    .map((line) => line.split(' '))
  return {
    about: sections
      .get('about')
      .map((line) => line.replace(/^# ?/, ''))
      .join('\n')
      .trim(),
    bytes: parseBytes(sections.get('bytes')),
    lines:
      sections
        .get('lines')
        ?.filter((line) => line !== '')
        .map((line) => JSON.parse(line)) ?? null,
    error:
      error === undefined ? null : { ...Object.fromEntries(error), offset: Number(Object.fromEntries(error).offset) },
  }
}

/**
 * Pairs of hexadecimal digits; `00*300` is a byte 300 times, `( 61 2f )*300` some bytes; a `#` and what follows it is
 * for people.
 */
function parseBytes(lines) {
  const parts = []
  let start = -1
  for (const word of lines.flatMap((line) => line.replace(/#.*/, '').split(/\s+/))) {
    const [hex, count = '1'] = word.split('*')
    if (hex === '(') start = parts.length
    else if (hex === ')') parts.push(...Array(Number(count)).fill(Buffer.concat(parts.splice(start))))
    else if (hex !== '') parts.push(Buffer.alloc(Number(count), Number.parseInt(hex, 16)))
  }
  return Buffer.concat(parts)
}

/** All vectors of a folder, `valid` or `invalid`: `{ name, about, bytes, lines, error }`, sorted by name. */
export function readVectors(folder) {
  const url = new URL(`${folder}/`, import.meta.url)
  return readdirSync(url)
    .sort()
    .map((file) => ({
      name: `${folder}/${file.replace(/\.txt$/, '')}`,
      ...parseVector(readFileSync(new URL(file, url), 'utf8')),
    }))
}
