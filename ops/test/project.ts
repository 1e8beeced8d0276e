/** Project: where the sources are that the tests of this folder look at, and whether a program is there to look with. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot: string = nearest(dirname(fileURLToPath(import.meta.url)), 'package.json')

function nearest(folder: string, file: string): string {
  if (existsSync(join(folder, file))) return folder
  if (dirname(folder) === folder) throw new Error(`no ${file} above ${import.meta.url}`)
  return nearest(dirname(folder), file)
}

/** False when the program runs here, else why a test that needs it is skipped. */
export function missing(program: string, debianPackage: string): string | false {
  const { error } = spawnSync(program, ['--help'])
  return error ? `${program} is not installed (apt-get install ${debianPackage})` : false
}
