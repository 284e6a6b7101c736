/** The text of a vector: what it shows, its bytes with notes, and what a reader must make of them. */
import { render } from './pieces.mjs'

export function validText(name, about, { pieces, lines }) {
  return [
    ...[`# ${name}: ${about}`, ''],
    ...['= bytes', render(pieces), ''],
    ...['= lines', ...lines.map((line) => JSON.stringify(line)), ''],
  ].join('\n')
}

export function invalidText(name, about, { pieces }, { code, rule, offset }) {
  return [
    ...[`# ${name}: ${about}`, ''],
    ...['= bytes', render(pieces), ''],
    ...['= error', `code ${code}`, `rule ${rule}`, `offset ${offset}`, ''],
  ].join('\n')
}
