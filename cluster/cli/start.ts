/**
 * `rookery start`: runs a node, or with `--workers N` several on one port, until a signal ends it: the first one drains, the
 * second one hurries.
 */
import { Command } from 'commander'
import type { Logger } from '../../actors/logger.js'
import { systemClock } from '../clock-system.js'
import { withKeptSecrets } from '../config-secret.js'
import type { Config } from '../config.js'
import { createLog } from '../log.js'
import { runUntilStopped, stopSignals, type Running, type StopRequests } from '../running.js'
import { settingsOf, withSettings } from './setting-flags.js'
import { welcomeText, type Ports } from './welcome.js'

export function startCommand(): Command {
  const command = new Command('start').description('run a node of the cluster')
  return withSettings(command, true).action(async () => {
    const config = withKeptSecrets(settingsOf(command).config)
    const log = createLog(config)
    const requests = stopSignals()
    const running = await (config.workers > 1 ? startWorkers : startNode)(config, log, requests)
    if (config.mode === 'embedded' || process.stdout.isTTY) process.stdout.write(await welcomeText(config, running))
    await runUntilStopped(running, requests, log)
    process.exit()
  })
}

async function startNode(config: Config, log: Logger): Promise<Running & Ports> {
  const { startServer } = await import('../server.js')
  return startServer(config, log)
}

async function startWorkers(config: Config, log: Logger, requests: StopRequests): Promise<Running & Ports> {
  const { startSupervisor } = await import('../supervisor.js')
  const entry = new URL('./worker.js', import.meta.url)
  const supervisor = await startSupervisor({ config, log, entry, clock: systemClock, onDrain: requests.take })
  return { ...supervisor, publicPort: config.port }
}
