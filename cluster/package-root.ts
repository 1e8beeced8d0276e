/**
 * Package root: the folder that holds package.json, found from where this file runs (sources or any build folder). Files that
 * are not compiled (SQL, pages) are read from below it.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function nearestPackage(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('no package.json in any folder above the running code')
  return nearestPackage(parent)
}

export const packageRoot: string = nearestPackage(dirname(fileURLToPath(import.meta.url)))
