/** `rookery print-config`: every setting, what it means, its value and where that came from; secrets are masked. */
import { Command } from 'commander'
import { configText, maskedConfig } from '../config-print.js'
import { settingsOf, withSettings } from './setting-flags.js'

export function printConfigCommand(): Command {
  const command = new Command('print-config')
    .description('show every setting, its value and where it came from, with secrets masked')
    .option('--json', 'print one JSON object, in the form of a settings file')
  return withSettings(command, false).action((options: { json?: boolean }) => {
    const loaded = settingsOf(command)
    const text = options.json ? `${JSON.stringify(maskedConfig(loaded.config), null, 2)}\n` : configText(loaded)
    process.stdout.write(text)
  })
}
