/**
 * `rookery doctor`: looks at this machine and at the configured servers and says, line by line, what is fine, what will limit
 * a node, what stops it, and what to do about it. Changes nothing.
 */
import { Command } from 'commander'
import type { Config } from '../config.js'
import type { Check, Finding } from './finding.js'
import { settingsOf, withSettings } from './setting-flags.js'

export function doctorCommand(): Command {
  const command = new Command('doctor').description('check this machine and the configured servers, and say what to do')
  return withSettings(command, false).action(async () => {
    const findings = await examine(settingsOf(command).config)
    process.exitCode = findings.some(({ level }) => level === 'fail') ? 1 : 0
  })
}

async function examine(config: Config): Promise<Finding[]> {
  const findings: Finding[] = []
  const [machine, servers] = await Promise.all([import('./machine-checks.js'), import('./server-checks.js')])
  for (const check of [...machine.machineChecks(config), ...servers.serverChecks(config)]) {
    const finding = await resultOf(check)
    process.stdout.write(findingText(check.subject, finding))
    findings.push(finding)
  }
  return findings
}

async function resultOf(check: Check): Promise<Finding> {
  try {
    return await check.run()
  } catch (error) {
    return { level: 'fail', found: error instanceof Error ? error.message : String(error), advice: check.advice }
  }
}

function findingText(subject: string, { level, found, advice }: Finding): string {
  const line = `${level.padEnd(4)}  ${subject.padEnd(18)}  ${found}\n`
  return level === 'ok' || advice === '' ? line : `${line}${' '.repeat(26)}-> ${advice}\n`
}
