/**
 * Welcome: what a started node says to the person who started it: where everything is, and commands to paste that send a
 * first message. The tokens in it are real and last a day.
 */
import type { Config } from '../config.js'
import { tokenFor } from './token.js'

export interface Ports {
  readonly publicPort: number
  readonly internalPort: number
}

const TOKEN_SECONDS = 86_400
const EVERYWHERE = ['0.0.0.0', '::']

export async function welcomeText(config: Config, { publicPort, internalPort }: Ports): Promise<string> {
  const host = EVERYWHERE.includes(config.host) ? '127.0.0.1' : config.host
  const at = `${host}:${publicPort}`
  const lines = [
    '',
    `Rookery is up: ${what(config)}`,
    '',
    `  WebSocket  ws://${at}/ws  (subprotocols rookery.msgpack.v1, rookery.json.v1)`,
    `  HTTP API   http://${at}/api/v1  (described in http://${at}/api/v1/openapi.json)`,
    `  Internal   http://${config.internalHost}:${internalPort}  (/metrics /healthz /readyz /status)`,
    ...(config.jwtSecret.length > 0 ? await chatLines(config, at) : []),
    ...publishLines(config, at),
    '',
    'Ctrl-C stops it.',
    '',
  ]
  return `${lines.join('\n')}\n`
}

const what = ({ mode, node, dataDir, workers }: Config): string =>
  mode === 'embedded'
    ? `one node with its own NATS and Postgres below ${dataDir}`
    : `node ${node}${workers > 1 ? ` with ${workers} workers` : ''}`

async function chatLines(config: Config, at: string): Promise<string[]> {
  const connect = async (user: string) => {
    const token = await tokenFor(config, user, TOKEN_SECONDS)
    return `    ${JSON.stringify({ frame: 'connect', token, device: 'a', client: 'wscat' })}`
  }
  return [
    '',
    'Two people chat: in each of two more terminals (in this folder) run',
    `    npx wscat -c ws://${at}/ws -s rookery.json.v1`,
    `and paste, within ${config.connectSeconds} seconds, as alice`,
    await connect('alice'),
    'and as bob',
    await connect('bob'),
    'then, in either of them,',
    `    ${JSON.stringify({ frame: 'send', conversation: 'd:alice:bob', type: 'text', content: 'hi' })}`,
    'More tokens: npm run --silent rookery -- token USER',
  ]
}

function publishLines({ apiKeys }: Config, at: string): string[] {
  const [key] = apiKeys
  if (key === undefined || key.startsWith('sha256:')) return []
  const message = { conversation: 'd:alice:bob', sender: 'alice', content: 'hello from HTTP' }
  return [
    '',
    'A server sends over HTTP:',
    `    curl -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\`,
    `      -d '${JSON.stringify(message)}' http://${at}/api/v1/publish`,
  ]
}
