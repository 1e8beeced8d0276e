import type { Measurement } from '../../suite.js'
import type { ReportDocument } from '../document.js'

export const measurement = (value: number, mark?: Measurement['mark'], system = 'rookery'): Measurement => ({
  ...{ suite: 'direct', system, metric: 'latency', value, unit: 'ms' },
  ...(mark === undefined ? {} : { mark }),
})

/** A report of one suite. */
export const reportOf = (measurements: readonly Measurement[]): ReportDocument => ({
  begun: new Date('2026-01-02T03:04:05Z'),
  command: 'npm run bench -- direct',
  quick: false,
  machine: { cpu: 'a CPU', cores: 2, memoryGiB: 24, system: 'linux', node: 'v20', load: 0.1 },
  versions: { node: 'v20', uws: '20.0.8' },
  missing: [{ name: 'mosquitto', install: 'apt-get install mosquitto' }],
  suites: [
    {
      ...{ name: 'direct', line: 'pairs & <friends>', seconds: 12 },
      result: {
        ...{ measurements, method: ['measured so'] },
        plots: [
          {
            title: 'a plot',
            x: { title: 'offered', scale: 'log' },
            y: { title: 'delivered', scale: 'linear' },
            lines: [
              {
                name: 'rookery',
                points: [
                  [10, 1],
                  [1000, 3],
                ],
              },
            ],
          },
        ],
      },
    },
  ],
  failures: [{ name: 'room', line: 'one room', error: 'no room' }],
})
