#!/usr/bin/env node
/** Writes what is generated from changeset.json: src/base/constants.ts and the tables of spec.md. `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../', import.meta.url)
const table = JSON.parse(readFileSync(new URL('formats/changeset.json', root), 'utf8'))

const specTables = {
  magics: () =>
    markdown(
      ['name', 'bytes or value', 'meaning'],
      Object.entries(table.magic).map(([name, m]) => [name, m.hex, m.what]),
    ),
  cut: () =>
    markdown(
      ['name', 'value', 'meaning'],
      Object.entries(table.cut).map(([name, [value, what]]) => [name, value, what]),
    ),
  limits: () =>
    markdown(
      ['limit', 'value', 'meaning'],
      Object.entries(table.limits).map(([name, [value, what]]) => [name, value, what]),
    ),
  rules: () =>
    markdown(
      ['rule', 'code', 'the rule'],
      Object.entries(table.formatCodes).map(([code, [rule, what]]) => [rule, `\`${code}\``, what]),
    ),
  problems: () =>
    markdown(
      ['code', 'meaning'],
      Object.entries(table.problemCodes).map(([code, what]) => [`\`${code}\``, what]),
    ),
  entries: () => columns(table.columns.entries),
  hints: () => columns(table.columns.hints),
  oneFile: () => dump('snapshot-one-file'),
  fieldTypes: () => markdown(['type', 'what it is'], Object.entries(table.fieldTypes)),
  ...Object.fromEntries(
    Object.entries(table.records).map(([name, { fields }]) => [
      `${name}Fields`,
      () =>
        markdown(
          ['field', 'type', 'may be absent', 'meaning'],
          fields.map((f) => [`\`${f.name}\``, f.type, f.optional ? 'yes' : 'no', f.what]),
        ),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(table.tables).map(([name, t]) => [
      name,
      () =>
        markdown(
          ['name', 'value', 'meaning'],
          Object.entries(t.values).map(([value, [number, what]]) => [value, number, what]),
        ),
    ]),
  ),
}

const checking = process.argv.includes('--check')
let stale = 0
put('src/base/constants.ts', constants())
put('spec.md', fillSpec(readFileSync(new URL('spec.md', root), 'utf8')))
process.exit(stale > 0 ? 1 : 0)

function put(path, text) {
  const url = new URL(path, root)
  let old = ''
  try {
    old = readFileSync(url, 'utf8')
  } catch {
    /* not there yet */
  }
  if (old === text) return
  if (checking) {
    console.error(`${path} is stale: run node formats/generate.mjs`)
    stale++
  } else writeFileSync(url, text)
}

function fillSpec(text) {
  return text.replace(/(<!-- table (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, open, name, close) => {
    if (specTables[name] === undefined) throw new Error(`spec.md asks for an unknown table ${name}`)
    return `${open}${specTables[name]()}${close}`
  })
}

/** The bytes of a vector with their notes. */
function dump(name) {
  const text = readFileSync(new URL(`formats/vectors/valid/${name}.txt`, root), 'utf8')
  const lines = text
    .slice(text.indexOf('= bytes') + '= bytes'.length, text.indexOf('= lines'))
    .trim()
    .split('\n')
  return `${lines.map((line) => (line === '' ? '' : `    ${line}`)).join('\n')}\n`
}

function columns(list) {
  return markdown(
    ['column', 'type', 'coding', 'meaning'],
    list.map((c) => [c.name, c.type, c.coding, c.what]),
  )
}

function markdown(head, rows) {
  const line = (cells) => `| ${cells.map((c) => String(c).replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

function constants() {
  const out = [
    '/** Generated from formats/changeset.json by formats/generate.mjs; edit that table, not this file. */',
    '',
  ]
  out.push(`export const FORMAT_VERSION = ${table.version}`, '')
  out.push(
    'export const Magic = {',
    ...Object.entries(table.magic).map(([n, m]) => `  /** ${m.what} */\n  ${n}: ${m.value},`),
    '} as const',
    '',
  )
  for (const [name, t] of Object.entries(table.tables)) {
    out.push(`/** ${t.what}. */`, `export const ${name} = {`)
    for (const [value, [number, what]] of Object.entries(t.values))
      out.push(`  /** ${what} */`, `  ${value}: ${number},`)
    out.push('} as const', '')
  }
  for (const [name, values] of [
    ['Cut', table.cut],
    ['Limits', table.limits],
  ]) {
    out.push(`export const ${name} = {`)
    for (const [key, [value, what]] of Object.entries(values)) out.push(`  /** ${what} */`, `  ${key}: ${value},`)
    out.push('} as const', '')
  }
  out.push("export type ColumnType = 'u8' | 'u16' | 'u32' | 'u64' | 'i64' | 'id' | 'bytes'", '')
  for (const [name, list] of Object.entries(table.columns)) {
    out.push(`export const ${name}Columns = [`)
    for (const c of list) out.push(`  { name: '${c.name}', type: '${c.type}', coding: '${c.coding}' },`)
    out.push('] as const', '')
  }
  out.push('/** Names of the fields of each record, in their order. */', 'export const recordFields = {')
  for (const [name, { fields }] of Object.entries(table.records))
    out.push(`  ${name}: [${fields.map((f) => `'${f.name}'`).join(', ')}],`)
  out.push('} as const', '')
  out.push(`export const phases = [${table.phases.map((phase) => `'${phase}'`).join(', ')}] as const`, '')
  out.push('export const formatRules = {')
  for (const [code, [rule]] of Object.entries(table.formatCodes)) out.push(`  '${code}': '${rule}',`)
  out.push('} as const', '', 'export type FormatCode = keyof typeof formatRules', '')
  out.push('export const problemCodes = {')
  for (const [code, what] of Object.entries(table.problemCodes))
    out.push(`  '${code}': '${what.replaceAll("'", "\\'")}',`)
  out.push('} as const', '', 'export type ProblemCode = keyof typeof problemCodes', '')
  return out.join('\n')
}
