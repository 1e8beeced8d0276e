/**
 * `rookery nodes`: the members of the cluster and their shards, as the node behind the internal port sees them. What it gets
 * is the answer of `/status`, from one node or from a supervisor.
 */
import { Command } from 'commander'
import type { NodeStatus } from '../../actors/transport.js'
import { settingsOf, withSettings } from './setting-flags.js'

interface SupervisorStatus {
  readonly workers: readonly { readonly worker: string; readonly state: string; readonly node: NodeStatus | null }[]
}

export function nodesCommand(): Command {
  const command = new Command('nodes')
    .description('list the nodes of the cluster, as one of them sees it')
    .option('--url <url>', 'internal address of a node (default: the internalHost and internalPort of the settings)')
    .option('--json', 'print what the node answered')
  return withSettings(command, false).action(async (options: { url?: string; json?: boolean }) => {
    const { internalHost, internalPort } = settingsOf(command).config
    const status = await fetchStatus(options.url ?? `http://${internalHost}:${internalPort}`)
    process.stdout.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : nodesText(status))
  })
}

async function fetchStatus(base: string): Promise<NodeStatus | SupervisorStatus> {
  const url = new URL('/status', base)
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
    return (await response.json()) as NodeStatus | SupervisorStatus
  } catch (cause) {
    const advice = 'is a node running there? --url names the internal port of another one'
    throw new Error(`no status from ${url.href}: ${advice}`, { cause })
  }
}

export function nodesText(status: NodeStatus | SupervisorStatus): string {
  const nodes = 'workers' in status ? status.workers.flatMap(({ node }) => node ?? []) : [status]
  const down = 'workers' in status ? status.workers.filter(({ node }) => node === null) : []
  const lines = down.map(({ worker, state }) => `worker ${worker} is ${state}\n`)
  return [...lines, viewText(newest(nodes), nodes)].join('')
}

const newest = (nodes: readonly NodeStatus[]): NodeStatus | undefined =>
  [...nodes].sort((a, b) => (b.view?.number ?? 0) - (a.view?.number ?? 0))[0]

function viewText(seer: NodeStatus | undefined, here: readonly NodeStatus[]): string {
  if (!seer?.view) return 'no view: the node has not joined a cluster yet\n'
  const { view } = seer
  const rows = view.members.map(({ node, ready, address, incarnation }, index) => [
    node,
    here.find((status) => status.node === node)?.state ?? (ready ? 'ready' : 'draining'),
    String(view.owners.filter((owner) => owner === index).length),
    new Date(incarnation).toISOString().slice(0, 19),
    address,
  ])
  const unowned = view.owners.filter((owner) => owner < 0).length
  const tail = unowned === 0 ? '' : `${unowned} shards have no owner\n`
  const head = `view ${view.number}, ${view.owners.length} shards, as ${seer.node} sees it\n`
  return head + table([['NODE', 'STATE', 'SHARDS', 'SINCE', 'ADDRESS'], ...rows]) + tail
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}
