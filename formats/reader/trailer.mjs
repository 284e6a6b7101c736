/** Index and seek table (spec §3.5): they repeat what the frames said, byte by byte. */
import { check, le, sum } from './read.mjs'

export function checkTrailer(state) {
  const { stream, heads, sizes } = state
  const expect = (magic, ...parts) => {
    state.offset = state.at
    const contentBytes = sum(parts.map(({ length }) => length))
    const expected = Buffer.concat([le(magic, 4), le(contentBytes, 4), ...parts])
    const rest = stream.subarray(state.at, state.at + expected.length)
    const isHead = rest[0] === 0x53 && rest[8] === 0x48
    check(expected.subarray(0, rest.length).equals(rest), isHead ? 'misplaced-frame' : 'index-mismatch')
    sizes.push([state.take(expected.length).length, 0])
  }
  expect(0x184d2a53, Buffer.from('I\0\0\0'), le(heads.length, 4), ...heads)
  const entries = sizes.flat().map((size) => le(size, 4))
  expect(0x184d2a5e, ...entries, le(sizes.length, 4), Buffer.from('00b1ea928f', 'hex'))
  state.offset = state.at
  check(state.at === stream.length, 'trailing-bytes')
}
