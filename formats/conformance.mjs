#!/usr/bin/env node
/**
 * Runs a decoder against the vectors: `node formats/conformance.mjs [--jobs N] [--every N] -- COMMAND [ARGUMENT]...`.
 * formats/README.md says what the command is given and what it must answer. Exit status 0: it conforms; 1: it does not;
 * 2: no command was given.
 */
import { spawn } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { readVectors } from './vectors/parse.mjs'

const TIMEOUT_MS = 60_000

/** What is wrong with an answer `{ status, stdout, stderr }` to a vector; null where nothing is. */
export function judgeAnswer(vector, { status, stdout, stderr }) {
  if (vector.error !== null) return judgeError(vector.error, status, stderr)
  if (status !== 0) return `exit status ${status}: ${stderr.trim()}`
  try {
    const lines = stdout.split('\n').filter((line) => line !== '')
    return compareLines(
      vector.lines,
      lines.map((line) => JSON.parse(line)),
    )
  } catch (error) {
    return `no lines of JSON: ${error.message}`
  }
}

/** What is wrong with the lines that a decoder made of a valid vector; null where nothing is. */
export function compareLines(expected, lines) {
  const i = expected.findIndex((line, at) => !isDeepStrictEqual(line, lines[at]))
  if (i >= 0) return `line ${i + 1} is ${JSON.stringify(lines[i])}, not ${JSON.stringify(expected[i])}`
  return lines.length === expected.length ? null : `there are ${lines.length} lines, not ${expected.length}`
}

/** A decoder says which rule is broken and where: a line of stderr that has code and offset among its words. */
function judgeError({ code, offset }, status, stderr) {
  if (status === 0) return `accepted, not refused with ${code} at ${offset}`
  const lines = stderr.split('\n').map((line) => line.split(/[^\w-]+/))
  if (lines.some((words) => words.includes(code) && words.includes(String(offset)))) return null
  return `said ${JSON.stringify(stderr.trim().slice(0, 200))}, not ${code} ${offset}`
}

/** Runs a command with `input` on its stdin. */
export function answerOf(command, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MS })
    const out = { stdout: [], stderr: [] }
    for (const name of ['stdout', 'stderr']) child[name].on('data', (bytes) => out[name].push(bytes))
    child.on('error', reject)
    // A decoder that refuses a stream need not read it to its end.
    child.stdin.on('error', () => {})
    child.on('close', (status, signal) => {
      const text = (name) => Buffer.concat(out[name]).toString()
      resolve({ status: status ?? signal, stdout: text('stdout'), stderr: text('stderr') })
    })
    child.stdin.end(input)
  })
}

/** Runs a command on vectors, `jobs` at a time. Gives `{ name, wrong }` for each that it answers wrongly. */
export async function runDecoder(command, vectors, jobs) {
  const failures = []
  const queue = [...vectors]
  const work = async () => {
    for (let vector = queue.shift(); vector !== undefined; vector = queue.shift()) {
      const wrong = judgeAnswer(vector, await answerOf(command, vector.bytes))
      if (wrong !== null) failures.push({ name: vector.name, about: vector.about, wrong })
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return failures.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** All vectors, or every nth one. */
export function selectVectors(every = 1) {
  return [...readVectors('valid'), ...readVectors('invalid')].filter((_, i) => i % every === 0)
}

async function main(args) {
  const end = args.indexOf('--')
  if (end < 0 || end === args.length - 1) {
    console.error('usage: node formats/conformance.mjs [--jobs N] [--every N] -- COMMAND [ARGUMENT]...')
    return 2
  }
  const option = (name, fallback) => (args.includes(name) ? Number(args[args.indexOf(name) + 1]) : fallback)
  const vectors = selectVectors(option('--every', 1))
  const failures = await runDecoder(args.slice(end + 1), vectors, option('--jobs', 2))
  for (const { name, about, wrong } of failures) console.log(`${name}\n  ${about}\n  ${wrong}`)
  console.log(`${vectors.length - failures.length} of ${vectors.length} vectors are read as they should be`)
  return failures.length > 0 ? 1 : 0
}

if (import.meta.filename === process.argv[1]) process.exitCode = await main(process.argv.slice(2))
