/** Runs one script of bash and measures it: wall time, processor time, peak resident memory of all its processes. */
import { spawn } from 'node:child_process'
import { MemoryWatch } from './memory.ts'

export type Sample = {
  /** Wall time of the script, without the start of the shell around it. */
  seconds: number
  /** User and system time of the script and all the processes it waited for. */
  cpuSeconds: number
  /** See memory.ts; 0 where the script was over before the first look. */
  memoryBytes: number
}

export type Outcome = { sample: Sample; status: number; output: string; complaint: string }

export type Environment = Readonly<Record<string, string>>

const LOOK_EVERY_MS = 20
const COMPLAINT_BYTES_MAX = 2000
const OUTPUT_BYTES_MAX = 1 << 20

/** The session is a group of its own to the scheduler, whose niceness counts before that of its processes. */
const PRECEDENCE = '[ -z "$NICE" ] || { echo $NICE > /proc/$$/autogroup; renice -n $NICE -p $$ > /dev/null; }'

/**
 * The shell takes the time itself, on both sides of the script, and bash's `times` says what its children have used;
 * descriptor 3 carries the two home.
 */
function wrap(script: string): string {
  return `set -o pipefail
${PRECEDENCE}
begin=$EPOCHREALTIME
{ ${script}
} 3>&-
status=$?
finish=$EPOCHREALTIME
echo "$status $begin $finish" >&3
times >&3`
}

/** What makes node start slower (certificates, options of this machine) is no part of any side. */
function inherited(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...rest } = process.env
  return rest
}

/** Runs the script to its end, or kills it and its children after `limitSeconds`. Rejects only if bash cannot be run. */
export function measure(script: string, env: Environment, limitSeconds: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', wrap(script)], {
      env: { ...inherited(), ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    })
    const pid = child.pid
    if (pid === undefined) return void child.once('error', reject)
    const texts = { output: '', complaint: '', report: '' }
    const keep = (name: keyof typeof texts, fd: number, bytesMax: number) =>
      child.stdio[fd]!.on('data', (bytes) => (texts[name] = (texts[name] + String(bytes)).slice(-bytesMax)))
    keep('output', 1, OUTPUT_BYTES_MAX)
    keep('complaint', 2, COMPLAINT_BYTES_MAX)
    keep('report', 3, COMPLAINT_BYTES_MAX)

    const memory = new MemoryWatch(pid)
    const look = setInterval(() => memory.look(), LOOK_EVERY_MS)
    const killAll = () => process.kill(-pid, 'SIGKILL')
    const alarm = setTimeout(killAll, limitSeconds * 1000)
    process.once('exit', killAll)
    child.once('close', (code) => {
      clearInterval(look)
      clearTimeout(alarm)
      process.removeListener('exit', killAll)
      const { status, seconds, cpuSeconds } = parseReport(texts.report, code ?? 137)
      const sample = { seconds, cpuSeconds, memoryBytes: memory.peakBytes }
      resolve({ sample, status, output: texts.output, complaint: texts.complaint.trim() })
    })
  })
}

/** The line `status begin finish` and the two lines of `times`: user and system of the shell, then of its children. */
export function parseReport(report: string, code: number): { status: number; seconds: number; cpuSeconds: number } {
  const [first = '', ...times] = report.trim().split('\n')
  const [status, begin, finish] = first.split(' ').map(Number)
  if (begin === undefined || finish === undefined) return { status: code || 1, seconds: 0, cpuSeconds: 0 }
  const minutes = [...times.join(' ').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpuSeconds = minutes.reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)
  return { status: status ?? 1, seconds: finish - begin, cpuSeconds }
}
