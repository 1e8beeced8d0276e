/** HTTP OpenAPI: the document of the HTTP API, as it is served and as its test reads it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './package-root.js'

const file = join(packageRoot, 'ops', 'api', 'openapi.json')

export const openApiDocument = JSON.parse(readFileSync(file, 'utf8')) as { openapi: string; [key: string]: unknown }
