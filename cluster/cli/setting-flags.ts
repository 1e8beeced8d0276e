/**
 * Setting flags: gives a command the flags of all settings, made from the table of settings, and reads the settings the way
 * every command does. Secrets have no flag of their own, because arguments are seen by every user of the machine.
 */
import { Option, type Command } from 'commander'
import { configKeys, flagOf, keyDefault, keyMeta, type ConfigKey } from '../config-keys.js'
import { loadConfig, type LoadedConfig } from '../config.js'

export function withSettings(command: Command, shown: boolean): Command {
  const config = new Option('--config <file>', 'file with settings (JSON)').helpGroup('Settings:')
  for (const option of [config, ...configKeys.map(optionOf)]) command.addOption(shown ? option : option.hideHelp())
  if (!shown)
    command.addHelpText('after', '\nTakes the settings of `rookery start` too, so that it sees the same ones.')
  return command
}

/** Throws ConfigError. */
export function settingsOf(command: Command): LoadedConfig {
  return loadConfig({ flags: command.opts() })
}

function optionOf(key: ConfigKey): Option {
  const { kind, secret } = keyMeta(key)
  const flag = flagOf(key)
  const form = secret ? `${flag}-file <file>` : kind === 'boolean' ? `${flag} [true|false]` : `${flag} <${kind}>`
  return new Option(form, helpOf(key)).helpGroup('Settings:')
}

function helpOf(key: ConfigKey): string {
  const { description, unit, fallback, secret } = keyMeta(key)
  const initial = keyDefault(key)
  const text = Array.isArray(initial)
    ? initial.join(',')
    : initial === null
      ? ''
      : JSON.stringify(initial).replaceAll('"', '')
  const normal = fallback || `${text}${unit && text && ` ${unit}`}`
  const shown = secret ? `${description}, read from a file` : description
  return normal === '' || normal === 'false' ? shown : `${shown} (default: ${normal})`
}
