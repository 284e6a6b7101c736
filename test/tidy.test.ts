/** The tree of sources keeps its shape: floors, circles, lengths, importers, generated files. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** Paths of the sources below a folder, from the project's root. */
function sourcesIn(folder: string): string[] {
  const names = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`)
}

const sources = sourcesIn('src')
const importPattern = /^(?:import|export)\b[^'"]*?from '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm

/** What a source imports: sources by their path, packages by their name. */
function importsOf(path: string): string[] {
  return [...read(path).matchAll(importPattern)].map((match) => {
    const name = (match[1] ?? match[2] ?? match[3])!
    return name.startsWith('.') ? new URL(name, new URL(path, 'file:///')).pathname.slice(1) : name
  })
}

const importsBySource = new Map(sources.map((path) => [path, importsOf(path)]))

describe('floors', () => {
  const allowed: Record<string, string[]> = {
    base: [],
    model: ['base'],
    format: ['base', 'model'],
    tree: ['base', 'model'],
    host: ['base', 'model'],
    flow: ['base', 'model', 'format', 'tree', 'host'],
    cli: ['base', 'model', 'format', 'tree', 'host', 'flow'],
  }
  const floorOf = (path: string) => path.split('/')[1]!

  for (const [floor, below] of Object.entries(allowed)) {
    test(`${floor} imports only ${below.join(', ') || 'itself'}`, () => {
      const wrong = sourcesIn(`src/${floor}`).flatMap((path) =>
        importsOf(path)
          .filter((name) => name.startsWith('src/') && ![floor, ...below].includes(floorOf(name)))
          .map((name) => `${path} -> ${name}`),
      )
      expect(wrong).toEqual([])
    })
  }

  test('base, model, format and tree know nothing of the host', () => {
    const pure = ['base', 'model', 'format', 'tree'].flatMap((floor) => sourcesIn(`src/${floor}`))
    expect(pure.filter((path) => importsOf(path).some((name) => name.startsWith('node:')))).toEqual([])
  })
})

describe('rooms', () => {
  const rooms: Record<string, string[]> = {
    host: ['native', 'entry', 'thread', 'stream', 'target', 'walk', 'journal', 'check', 'stage', 'commit'],
    flow: ['stream', 'scan', 'diff', 'convert', 'show', 'plan', 'pack', 'apply'],
  }

  for (const [floor, order] of Object.entries(rooms)) {
    const roomOf = (path: string) => order.indexOf(path.split('/')[2]!)

    test(`every source of ${floor} is in a room, and imports from rooms before it only`, () => {
      const sourcesHere = sourcesIn(`src/${floor}`)
      expect(sourcesHere.filter((path) => roomOf(path) === -1)).toEqual([])
      const wrong = sourcesHere.flatMap((path) =>
        importsOf(path)
          .filter((name) => name.startsWith(`src/${floor}/`) && roomOf(name) > roomOf(path))
          .map((name) => `${path} -> ${name}`),
      )
      expect(wrong).toEqual([])
    })

    test(`src/README.md names the rooms of ${floor}`, () => {
      const text = read('src/README.md')
      expect(order.filter((room) => !text.includes(`| \`${room}\` |`))).toEqual([])
    })
  }
})

describe('importers', () => {
  const rows: [name: string, ...importers: string[]][] = [
    ['koffi', 'src/host/native/libc.ts'],
    ['zstd-napi', 'src/host/native/zstd.ts'],
    ['@napi-rs/blake-hash', 'src/host/native/blake3.ts'],
    ['msgpackr', 'src/format/msgpack.ts'],
    ['yargs', 'src/cli/args.ts'],
  ]
  for (const [name, ...importers] of rows) {
    test(`${name} is named in ${importers.join(' and ')} only`, () => {
      const quoted = new RegExp(`'${name}(?:/[\\w.-]+)?'`)
      const named = sources.filter((path) => quoted.test(read(path)))
      expect(named.filter((path) => !importers.includes(path))).toEqual([])
    })
  }

  test('process is named in cli/main.ts, host/stream/stdio.ts and host/native/late.ts only', () => {
    const named = sources.filter((path) => /(?<![\w.'])process\.\w|'node:process'/.test(withoutComments(read(path))))
    expect(
      named.filter(
        (path) => !['src/cli/main.ts', 'src/host/stream/stdio.ts', 'src/host/native/late.ts'].includes(path),
      ),
    ).toEqual([])
  })
})

test('no circle of imports', () => {
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (trail.includes(path) || done.has(path)) return
    for (const name of importsBySource.get(path) ?? []) visit(name, [...trail, path])
    done.add(path)
  }
  for (const path of sources) visit(path, [])
  expect(circles).toEqual([])
})

describe('lengths', () => {
  const lineCount = (path: string) => read(path).split('\n').length - 1
  const written = sources.filter((path) => path !== 'src/base/constants.ts')

  test('a file has at most 300 lines', () => {
    const tests = sourcesIn('test')
    expect(
      [...written, ...tests].filter((path) => lineCount(path) > 300).map((path) => [path, lineCount(path)]),
    ).toEqual([])
  })

  test('half of the files have fewer than 120 lines', () => {
    const short = written.filter((path) => lineCount(path) < 120)
    expect(short.length).toBeGreaterThanOrEqual(written.length / 2)
  })

  test('a function has at most 70 lines', () => {
    expect(written.flatMap((path) => longFunctions(path, 70))).toEqual([])
  })
})

describe('generated', () => {
  test('the tables of formats/changeset.json are fresh', () => {
    execFileSync(process.execPath, ['formats/generate.mjs', '--check'], { cwd: root, stdio: 'pipe' })
  })

  test('the version is that of package.json', () => {
    expect(read('src/base/version.ts')).toContain(`'${JSON.parse(read('package.json')).version}'`)
  })

  test('each command has a launcher and a source', () => {
    const commands = Object.entries<string>(JSON.parse(read('package.json')).bin)
    const inSource = sources.filter((path) => /cli\/fs\w+\.ts$/.test(path)).map((path) => path.slice(8, -3))
    expect(commands.map(([name]) => name).sort()).toEqual(inSource.sort())
    for (const [name, launcher] of commands) expect(launcher).toBe(`bin/${name}.cjs`)
    expect(new Set(commands.map(([, launcher]) => read(launcher))).size).toBe(1)
  })

  test('the lock file has every optional package (node .ci/complete-lock.mjs adds them)', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockEntry> }
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    )
    expect(missing).toEqual([])
  })

  test('the lock file names no registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"|https?:\/\/registry/)
  })
})

type LockEntry = { optionalDependencies?: Record<string, string> }

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
}

/**
 * Functions and methods over `linesMax` lines. The formatter makes this easy: a body ends at the first line that begins
 * with its closing brace at the indentation of the line it began on.
 */
function longFunctions(path: string, linesMax: number): string[] {
  const lines = read(path).split('\n')
  const head =
    /^( *)(?:export )?(?:default )?(?:async )?(?:function\*? (\w+)|(?:(?:static|private|get|set|async) )*\*?(#?\w+)\([^)]*\)[^=;]*\{$)/
  return lines.flatMap((line, start) => {
    const match = head.exec(line)
    if (match === null || /^\s*(?:if|for|while|switch|return|catch)\b/.test(line)) return []
    const end = lines.findIndex((other, i) => i > start && other.startsWith(`${match[1]}}`))
    return end - start + 1 > linesMax ? [`${path}: ${match[2] ?? match[3]} has ${end - start + 1} lines`] : []
  })
}
