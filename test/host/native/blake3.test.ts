import { describe, expect, it } from 'vitest'
import { createHasher, hashBytes, hashInto } from '../../../src/host/native/blake3.ts'

/** Test vectors of the BLAKE3 project: input byte i is i modulo 251. */
const vectors: ReadonlyArray<readonly [length: number, hex: string]> = [
  [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
  [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  [1025, 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444'],
]
const input = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('BLAKE3', () => {
  it.each(vectors)('of %i bytes', (length, expected) => {
    expect(hex(hashBytes(input(length)))).toBe(expected)
    const out = Buffer.alloc(40, 1)
    hashInto(out, 3, 16, input(length))
    expect(hex(out)).toBe(`010101${expected.slice(0, 32)}${'01'.repeat(21)}`)
  })

  it.each(vectors)('of %i bytes in pieces, again and again', (length, expected) => {
    const hasher = createHasher()
    for (let run = 0; run < 2; run++) {
      for (let at = 0; at < length; at += 100) hasher.update(input(length).subarray(at, at + 100))
      expect(hex(hasher.finish())).toBe(expected)
    }
  })
})
