/** Programs that run beside an apply: their flags, how a command line says which program, and what each is given to read. */
import { State } from '../base/constants.ts'
import { UsageError } from '../base/errors.ts'
import type { ApplyOptions, TakeItems } from '../flow/apply/apply-options.ts'
import type { Hook } from '../host/stream/hook.ts'
import type { Item } from '../model/item.ts'
import { selectRows } from '../tree/select-rows.ts'
import type { FlagTable, FlagValues } from './command.ts'

const PROGRAM = 'PROGRAM'
const LIMIT_SECONDS = 600
const LIMIT_SECONDS_MAX = 1_000_000

export const hookFlags = {
  'before-row': {
    kind: 'text',
    value: PROGRAM,
    help: 'run it once, and give it each row as it is decided; nothing is changed before it has ended well',
  },
  'before-commit': {
    kind: 'text',
    value: PROGRAM,
    help: 'run it when all has arrived and been verified, and give it what will be done, as a plan',
  },
  'after-row': { kind: 'text', value: PROGRAM, help: 'run it once, and give it each row that was done' },
  'after-commit': { kind: 'text', value: PROGRAM, help: 'run it at the end, and give it what was done, as a receipt' },
  'hook-limit': {
    kind: 'number',
    value: 'SECONDS',
    min: 1,
    max: LIMIT_SECONDS_MAX,
    help: `a program that neither reads nor ends for so long is killed (${LIMIT_SECONDS})`,
  },
} as const satisfies FlagTable

/** For the help of a command. */
export const hookNotes =
  'PROGRAM is the name of a program, or a JSON list of its name and arguments: \'["logger","-t","deploy"]\'. There is no shell. ' +
  'It reads lines of JSON (spec, appendix A): one a row, and, for a commit, the header before and the end behind them. ' +
  'What it prints goes to standard error. Where one of the first two fails, nothing is changed (exit status 7).'

type HookName = 'before-row' | 'before-commit' | 'after-row' | 'after-commit'

export type Hooks = Pick<ApplyOptions, 'onRows' | 'beforeCommit' | 'onDone' | 'afterCommit'> & {
  /** Ends what still runs. */
  close(): void
}

/** @throws UsageError */
export function openHooks(flags: FlagValues<typeof hookFlags>): Hooks {
  const limitSeconds = flags['hook-limit'] ?? LIMIT_SECONDS
  const running = new Set<Hook>()
  const argvs = new Map<HookName, string[]>()
  for (const name of ['before-row', 'before-commit', 'after-row', 'after-commit'] as const) {
    if (flags[name] !== null) argvs.set(name, parseProgram(name, flags[name]))
  }

  async function start(what: HookName): Promise<Hook> {
    const { startHook } = await import('../host/stream/hook.ts')
    const hook = startHook({ what, argv: argvs.get(what)!, limitSeconds })
    running.add(hook)
    return hook
  }

  async function finish(hook: Hook | null): Promise<void> {
    await hook?.finish()
    if (hook !== null) running.delete(hook)
  }

  function rowsOf(what: HookName): { take: ApplyOptions['onRows']; end: () => Promise<void> } {
    let hook: Hook | null = null
    const end = (): Promise<void> => finish(hook)
    if (!argvs.has(what)) return { take: null, end }
    return {
      take: async (batch) => {
        // Rows that hold already concern nobody.
        const told = selectRows(batch, (i) => batch.state![i] !== State.done || what === 'after-row')
        if (told === null) return
        hook ??= await start(what)
        await giveItem(hook, { kind: 'rows', batch: told })
      },
      end,
    }
  }

  /** The program that takes rows has seen them all before the one for all of them is started. */
  function itemsOf(what: HookName, rows: ReturnType<typeof rowsOf>): TakeItems | null {
    if (!argvs.has(what) && rows.take === null) return null
    return async (items) => {
      await rows.end()
      if (!argvs.has(what)) return
      const hook = await start(what)
      for await (const item of items) await giveItem(hook, item)
      await finish(hook)
    }
  }

  const [before, after] = [rowsOf('before-row'), rowsOf('after-row')]
  return {
    onRows: before.take,
    beforeCommit: itemsOf('before-commit', before),
    onDone: after.take,
    afterCommit: itemsOf('after-commit', after),
    close() {
      for (const hook of running) hook.abort()
    },
  }
}

async function giveItem(hook: Hook, item: Item): Promise<void> {
  const { encodeLines } = await import('../format/ndjson/line.ts')
  await hook.write(encodeLines(item))
}

/** A program's name, or a JSON list that begins with it. */
function parseProgram(flag: HookName, text: string): string[] {
  if (!text.startsWith('[')) return checkProgram(flag, [text])
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new UsageError(flag, `--${flag} begins with '[' and is no JSON list, such as ["logger","-t","deploy"]`)
  }
  return checkProgram(flag, list)
}

function checkProgram(flag: HookName, list: unknown): string[] {
  const isList = Array.isArray(list) && list.every((word) => typeof word === 'string' && !word.includes('\0'))
  if (isList && list.length > 0 && list[0] !== '') return list
  throw new UsageError(flag, `--${flag} needs a program: its name, or a JSON list of its name and arguments`)
}
