/**
 * Exposition: reads the Prometheus text format (version 0.0.4) that a node serves at /metrics, as far as a benchmark needs
 * it: the value of a sample, summed over its labels.
 */

/** Sum of all samples of `name` whose labels hold every pair of `labels`; undefined when there is none. */
export function sampleSum(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  const values = text
    .split('\n')
    .map((line) => /^([A-Za-z_:][\w:]*)(\{.*\})? (\S+)/.exec(line))
    .filter((sample) => sample?.[1] === name && wanted.every((pair) => sample[2]?.includes(pair)))
    .map((sample) => Number(sample?.[3]))
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
}
