/**
 * Metrics merge: the expositions of several workers as one, each sample with a `worker` label. They are not summed: a lag or a
 * maximum has no sum, and the counters of a restarted worker must be seen to start again at 0. Prometheus sums by query:
 * `sum without (worker) (rate(rookery_sends_total[1m]))`.
 */
interface Family {
  readonly comments: readonly string[]
  readonly samples: string[]
}

export function mergeExpositions(parts: ReadonlyMap<string, string>): string {
  const families = new Map<string, Family>()
  for (const [worker, text] of parts) addPart(families, worker, text)
  const texts = [...families.values()].map(({ comments, samples }) => [...comments, ...samples, ''].join('\n'))
  return texts.join('\n')
}

/** The samples of a family follow its HELP and TYPE lines, as prom-client writes them. */
function addPart(families: Map<string, Family>, worker: string, text: string): void {
  let help = ''
  let samples: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) help = line
    else if (line.startsWith('# TYPE ')) samples = samplesOf(families, help, line)
    else if (line !== '') samples.push(labelled(line, worker))
  }
}

function samplesOf(families: Map<string, Family>, help: string, type: string): string[] {
  const known = families.get(type)
  if (known) return known.samples
  const samples: string[] = []
  families.set(type, { comments: [help, type], samples })
  return samples
}

/** `name{a="b"} 1` and `name 1` with one more label, put first because a label's value may hold any character. */
function labelled(line: string, worker: string): string {
  return line.replace(/^([a-zA-Z0-9_:]+)(\{?)/, (_, name: string, brace: string) => {
    return `${name}{worker="${worker}"${brace === '' ? '}' : ','}`
  })
}
