/**
 * Source tree: what the rules of architecture.test.ts are about: every source file with the files it imports and its syntax,
 * read by the compiler's own parser, so that comments and strings do not count.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { projectRoot } from './project.js'

export const FOLDERS = ['protocol', 'actors', 'cluster', 'bench', 'ops'] as const
export type Folder = (typeof FOLDERS)[number]

export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string
  readonly folder: Folder
  readonly isTest: boolean
  readonly lines: number
  /** Source files of the project it imports, types included. */
  readonly imports: readonly string[]
  readonly syntax: ts.SourceFile
}

export function sourceFiles(): SourceFile[] {
  return FOLDERS.flatMap((folder) => typescriptIn(folder).map((path) => sourceFile(path, folder)))
}

/** Every expression of the form `a.b`, as text: `process.env`, `Date.now`. */
export function memberAccesses(file: SourceFile): string[] {
  return nodesOf(file.syntax)
    .filter(ts.isPropertyAccessExpression)
    .map((node) => `${node.expression.getText(file.syntax)}.${node.name.text}`)
}

/** The names of plain functions that are called: `setTimeout` of `setTimeout(…)`. */
export function calls(file: SourceFile): string[] {
  const called = nodesOf(file.syntax).filter(ts.isCallExpression)
  return called.map(({ expression }) => (ts.isIdentifier(expression) ? expression.text : ''))
}

export function exportsClassByDefault(file: SourceFile): boolean {
  return file.syntax.statements.some((statement) => {
    if (ts.isClassDeclaration(statement)) return hasModifier(statement, ts.SyntaxKind.DefaultKeyword)
    return ts.isExportAssignment(statement) && ts.isClassExpression(statement.expression)
  })
}

const hasModifier = (node: ts.ClassDeclaration, kind: ts.SyntaxKind): boolean =>
  node.modifiers?.some((modifier) => modifier.kind === kind) ?? false

function nodesOf(node: ts.Node): ts.Node[] {
  const found: ts.Node[] = [node]
  ts.forEachChild(node, (child) => void found.push(...nodesOf(child)))
  return found
}

function typescriptIn(folder: string): string[] {
  const entries = readdirSync(join(projectRoot, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => posix.relative(projectRoot, posix.join(entry.parentPath, entry.name)))
}

function sourceFile(path: string, folder: Folder): SourceFile {
  const text = readFileSync(join(projectRoot, path), 'utf8')
  const specifiers = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName)
  const imports = specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'))
  const syntax = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022)
  return { path, folder, isTest: path.includes('/test/'), lines: text.split('\n').length - 1, imports, syntax }
}
