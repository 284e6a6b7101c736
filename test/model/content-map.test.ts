import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ContentMap } from '../../src/model/content-map.ts'

/** Few ids and sizes, so that keys meet again; ids that differ in one byte only, wherever that is. */
const arbitraryKey = fc.record({
  id: fc
    .tuple(fc.nat(31), fc.nat(3))
    .map(([at, value]) => Uint8Array.from({ length: 32 }, (_, i) => (i === at ? value : 0))),
  size: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
})
const arbitraryStep = fc.record({ do: fc.constantFrom('set', 'set', 'set', 'delete', 'clear'), key: arbitraryKey })

test('a ContentMap holds what a Map with texts as keys holds', () => {
  fc.assert(
    fc.property(fc.array(arbitraryStep, { maxLength: 300, size: 'max' }), (steps) => {
      const map = new ContentMap<number>()
      const model = new Map<string, number>()
      for (const [n, { do: what, key }] of steps.entries()) {
        const text = `${key.id}/${key.size}`
        if (what === 'set') map.set(key.id, key.size, n)
        else if (what === 'delete') map.delete(key.id, key.size)
        else if (n % 50 === 0) map.clear()
        if (what === 'set') model.set(text, n)
        else if (what === 'delete') model.delete(text)
        else if (n % 50 === 0) model.clear()
        expect(map.get(key.id, key.size)).toBe(model.get(text))
      }
      for (const { key } of steps) expect(map.get(key.id, key.size)).toBe(model.get(`${key.id}/${key.size}`))
      expect(map.values().toSorted()).toEqual([...model.values()].toSorted())
    }),
  )
})
