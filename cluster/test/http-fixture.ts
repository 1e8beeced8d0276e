/** HTTP fixture: a gateway with the HTTP API on it, and a client for the API. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { Counters } from '../../actors/counters.js'
import { silent } from '../../actors/logger.js'
import { apiKeys } from '../api-keys.js'
import type { GatewayOptions } from '../gateway.js'
import { httpApi } from '../http-api.js'
import { openGateway, type GatewayFixture } from './gateway-fixture.js'
import { ScriptedNode } from './scripted-node.js'

export const KEY = randomBytes(24).toString('hex')

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export interface ApiFixture extends GatewayFixture {
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<ApiAnswer>
}

export async function openApi(test: Test, options: Partial<GatewayOptions> = {}, keys = [KEY]): Promise<ApiFixture> {
  const node = new ScriptedNode()
  const counters = new Counters()
  const routes = httpApi({ node, counters, log: silent, keys: apiKeys(keys) })
  const { gateway } = await openGateway(test, { node, counters, routes, ...options })
  const base = `http://127.0.0.1:${gateway.port}/api/v1`
  return {
    ...{ gateway, node, counters },
    async call(method, path, body, headers = { Authorization: `Bearer ${KEY}` }) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const init = { method, headers, ...(body === undefined ? {} : { body: text }) }
      const response = await fetch(`${base}${path}`, init)
      return { status: response.status, headers: response.headers, body: (await response.json()) as unknown }
    },
  }
}
