/** `npm run bench`: bundles the benchmark's TypeScript in memory and runs it. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  write: false,
})
const program = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
const { main } = await import(program)
process.exitCode = await main(fileURLToPath(new URL('../..', import.meta.url)), process.argv.slice(2))
