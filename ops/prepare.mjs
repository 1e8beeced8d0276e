/**
 * Prepare: what `npm start`, `npm test` and `npm run bench` do first, with nothing but Node: install when node_modules is
 * missing or older than the lock file, compile when a source is newer than the last good build. Takes milliseconds when there
 * is nothing to do, and needs no network then.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = ['protocol', 'actors', 'cluster', 'bench', 'ops', 'package.json', 'tsconfig.json']
const INSTALLED = 'node_modules/.package-lock.json'
/** Written after a build without errors; tsc's own record is also written after one with errors. */
const BUILT = 'dist/.built'

/** Says that tap was built with the plugins that package.json wants. */
const TAP_BUILT = '.tap/.built'

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'))
if (changed(INSTALLED) < changed('package-lock.json')) install()
if (changed(BUILT) < Math.max(...SOURCES.map(newest), changed(INSTALLED))) build()
if (process.argv[2] === 'test' && changed(TAP_BUILT) < Math.max(changed('package.json'), changed(INSTALLED))) buildTap()

function install() {
  console.error('installing the dependencies (npm ci) …')
  const npm = process.env.npm_execpath
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  run(program, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'])
}

function build() {
  console.error('compiling (tsc) …')
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'])
  removeOrphans('dist')
  writeFileSync(BUILT, '')
}

/**
 * tap comes with plugins that compile and mock modules as they are loaded, a second for each test file; ours are compiled, and
 * package.json takes those plugins away. tap would build itself anew too, but only for the run after.
 */
function buildTap() {
  run(process.execPath, ['node_modules/tap/dist/esm/run.mjs', 'build'])
  mkdirSync('.tap', { recursive: true })
  writeFileSync(TAP_BUILT, '')
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: ['inherit', 2, 'inherit'] })
  if (status === 0) return
  console.error(`${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`)
  process.exit(1)
}

/** Milliseconds since 1970; 0 when it does not exist. */
function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** A folder changes when a file in it is made, renamed or removed. */
function newest(path) {
  if (!statSync(path).isDirectory()) return changed(path)
  return Math.max(changed(path), ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** tsc leaves what it made of sources that are gone; a removed test would still run. */
function removeOrphans(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) removeOrphans(path)
    else if (/\.(js|js\.map|d\.ts)$/.test(path) && !existsSync(sourceOf(path))) rmSync(path)
  }
}

function sourceOf(path) {
  return path.replace(/^dist\//, '').replace(/\.(js|js\.map|d\.ts)$/, '.ts')
}
