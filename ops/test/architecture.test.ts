/**
 * Architecture: the rules of design.md about what may know what, how large a file may grow and what may touch the world,
 * checked against the sources themselves.
 */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { projectRoot } from './project.js'
import {
  calls,
  exportsClassByDefault,
  memberAccesses,
  sourceFiles,
  type Folder,
  type SourceFile,
} from './source-tree.js'

const files = sourceFiles()
const byPath = new Map(files.map((file) => [file.path, file]))

const MAY_IMPORT: Readonly<Record<Folder, readonly Folder[]>> = {
  protocol: ['protocol'],
  actors: ['actors', 'protocol'],
  cluster: ['cluster', 'actors', 'protocol'],
  bench: ['bench', 'protocol'],
  ops: ['ops', 'protocol'],
}

const TOP_LEVEL = [
  ...['protocol', 'actors', 'cluster', 'bench', 'ops'],
  ...['README.md', 'LICENSE', 'package.json', 'package-lock.json', 'tsconfig.json', 'eslint.config.js', 'knip.json'],
  ...['.ci', '.git', '.gitignore', '.npmrc', '.prettierrc.json'],
]
/** Made by tools and ignored by git. */
const MADE = ['node_modules', 'dist', 'data', 'bench-reports', '.build', '.tap']

const PRODUCT: readonly Folder[] = ['protocol', 'actors', 'cluster']
/** They hand the environment, with additions, to a Postgres they start; they decide nothing by it. */
const PASSES_ENVIRONMENT_ON = ['cluster/embedded/postgres-directory.ts', 'cluster/embedded/postgres.ts']

const LONGEST = 400

/** Real time and chance come into actors/ only through contracts (actors/clock.ts), so that a seed decides everything. */
const WORLD = ['Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'crypto.randomUUID']
const WORLD_CALLS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']

t.test(
  'architecture: imports point from cluster to actors to protocol, and from bench and ops to protocol alone',
  async (t) => {
    const wrong = files.flatMap((file) =>
      file.imports.filter((to) => !mayImport(file, to)).map((to) => `${file.path} -> ${to}`),
    )
    t.strictSame(wrong, [])
  },
)

t.test('architecture: no files import each other in a circle, not even for types', async (t) => {
  t.strictSame(circles(), [])
})

t.test('architecture: nothing is at the top level but the five folders and what tools want there', async (t) => {
  const found = readdirSync(projectRoot).filter((name) => !TOP_LEVEL.includes(name) && !MADE.includes(name))
  t.strictSame(found, [])
})

t.test(`architecture: no source file has more than ${LONGEST} lines`, async (t) => {
  t.strictSame(
    pathsWhere((file) => file.lines > LONGEST),
    [],
  )
})

t.test('architecture: no class is exported as the default', async (t) => {
  t.strictSame(pathsWhere(exportsClassByDefault), [])
})

t.test('architecture: only the configuration looks at the environment', async (t) => {
  const looks = (file: SourceFile) => PRODUCT.includes(file.folder) && memberAccesses(file).includes('process.env')
  const found = pathsWhere((file) => !file.isTest && looks(file))
  t.strictSame(
    found.filter((path) => !PASSES_ENVIRONMENT_ON.includes(path)),
    ['cluster/config.ts'],
  )
})

t.test('architecture: actors know no clock, timer or chance but those of the contracts', async (t) => {
  const touches = (file: SourceFile) =>
    memberAccesses(file).some((access) => WORLD.includes(access)) ||
    calls(file).some((name) => WORLD_CALLS.includes(name))
  t.strictSame(
    pathsWhere((file) => file.folder === 'actors' && !file.isTest && touches(file)),
    [],
  )
})

const pathsWhere = (rule: (file: SourceFile) => boolean): string[] => files.filter(rule).map(({ path }) => path)

function mayImport(file: SourceFile, to: string): boolean {
  const folder = byPath.get(to)?.folder
  if (folder === undefined) return true
  const testNeeds = file.isTest && byPath.get(to)?.isTest === true && folder === file.folder
  return testNeeds || MAY_IMPORT[file.folder].includes(folder)
}

/** Each circle once, as the path around it. */
function circles(): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' -> '))
    if (done.has(path)) return
    done.add(path)
    for (const to of byPath.get(path)?.imports ?? []) visit(to, [...way, path])
  }
  for (const { path } of files) visit(path, [])
  return found
}
