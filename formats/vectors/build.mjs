#!/usr/bin/env node
/** Writes the vectors from their sources: valid/ and invalid/, one scenario a file. `--check` only compares. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { table } from './source/entries.mjs'
import { invalidAttributes } from './source/invalid-attributes.mjs'
import { invalidColumns } from './source/invalid-columns.mjs'
import { invalidContents } from './source/invalid-contents.mjs'
import { invalidFields } from './source/invalid-fields.mjs'
import { invalidFrames } from './source/invalid-frames.mjs'
import { invalidMagic } from './source/invalid-magic.mjs'
import { invalidRecipes } from './source/invalid-recipes.mjs'
import { invalidRecords } from './source/invalid-records.mjs'
import { invalidRows } from './source/invalid-rows.mjs'
import { invalidTouches } from './source/invalid-touches.mjs'
import { invalidTrailers } from './source/invalid-trailers.mjs'
import { invalidValues } from './source/invalid-values.mjs'
import { invalidText, validText } from './source/text.mjs'
import { changesets } from './source/valid-changesets.mjs'
import { framings } from './source/valid-frames.mjs'
import { plans } from './source/valid-plans.mjs'
import { trees } from './source/valid-trees.mjs'

const files = new Map()
for (const [name, about, build] of [...trees, ...framings, ...changesets, ...plans])
  add(`valid/${name}.txt`, validText(name, about, build()))
const invalid = [
  invalidMagic,
  invalidFrames,
  invalidTrailers,
  invalidRecords,
  invalidFields,
  invalidColumns,
  invalidValues,
  invalidAttributes,
  invalidRows,
  invalidContents,
  invalidRecipes,
  invalidTouches,
]
for (const [name, code, at, about, build] of invalid.flat()) {
  const made = build()
  const error = {
    code,
    rule: ruleOf(code),
    offset: typeof at === 'number' ? made.offsets[at] : (at.byte ?? made.offsets[at.part]),
  }
  add(`invalid/${name}.txt`, invalidText(name, about, made, error))
}
process.exit(process.argv.includes('--check') ? check() : write())

function ruleOf(code) {
  const known = table.formatCodes[code]
  if (known === undefined) throw new Error(`no code ${code}`)
  return known[0]
}

function add(path, text) {
  if (files.has(path)) throw new Error(`${path} twice`)
  files.set(path, text)
}

function write() {
  for (const folder of ['valid', 'invalid']) {
    const url = new URL(`${folder}/`, import.meta.url)
    mkdirSync(url, { recursive: true })
    for (const name of readdirSync(url)) if (!files.has(`${folder}/${name}`)) rmSync(new URL(name, url))
  }
  for (const [path, text] of files) writeFileSync(new URL(path, import.meta.url), text)
  return 0
}

function check() {
  const there = ['valid', 'invalid'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, import.meta.url)).map((name) => `${folder}/${name}`),
  )
  const stale = [...new Set([...there, ...files.keys()])].filter(
    (path) => !there.includes(path) || readFileSync(new URL(path, import.meta.url), 'utf8') !== files.get(path),
  )
  for (const path of stale) console.error(`formats/vectors/${path} is stale: run node formats/vectors/build.mjs`)
  return stale.length > 0 ? 1 : 0
}
