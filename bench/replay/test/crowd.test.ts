import t from 'tap'
import { Crowd } from '../crowd.js'
import { loadEntryHash } from '../entry-hash.js'
import type { Report, WorkerSettings } from '../orders.js'
import { TruthKeeper } from '../truth.js'
import { FakeChat } from './fake-chat.js'

const CONVERSATION = 'g:00000000-0000-8000-8000-000000000000'
const NICKS = ['ann', 'bob|', '[cy]', 'dee']
const hash = await loadEntryHash()

const settings = (change: Partial<WorkerSettings> = {}): WorkerSettings => ({
  ...{ urls: [], secret: undefined, tokenCommand: undefined, run: 'r1', seed: '1', churn: 0, sockets: 2 },
  ...{ checkHistory: true, patienceMs: 50, ...change },
})

/** Plays a day of `lines` lines with everybody speaking in turn, and answers every report of the crowd. */
async function play(chat: FakeChat, lines: number, change: Partial<WorkerSettings> = {}): Promise<Report[]> {
  const reports: Report[] = []
  const context = {
    hash,
    newConnection: chat.connection.bind(chat),
    connect: (client: { connect(): Promise<void> }) => client.connect(),
    pause: () => new Promise(setImmediate),
  }
  const isSettled = new EventTarget()
  const crowd = new Crowd(settings(change), context, (report) => {
    reports.push(report)
    isSettled.dispatchEvent(new Event('report'))
  })
  const until = async (count: number, what: string) => {
    const settled = () => reports.filter((one) => 'what' in one && one.what === what).length
    while (settled() < count)
      await new Promise((resolve) => isSettled.addEventListener('report', resolve, { once: true }))
  }
  crowd.open(CONVERSATION, 'ann', 'a day')
  await until(1, 'opened')
  for (let line = 0; line < lines; line++) {
    const nick = NICKS[line % NICKS.length] as string
    crowd.speak(CONVERSATION, nick, Buffer.from(`line ${String(line)}`))
  }
  await until(lines, 'message')
  const truth = new TruthKeeper(CONVERSATION)
  for (const report of reports) if (report.report === 'acked') truth.add(report.acked)
  await crowd.finish(truth.truth())
  await crowd.stop()
  return reports
}

function verdict(reports: readonly Report[]) {
  const report = reports.find((one) => one.report === 'finished')
  if (report?.report !== 'finished') throw new Error('no verdict')
  const { lost, duplicated, outOfOrder } = report.findings
  return { lost, duplicated, outOfOrder, delivered: report.delivered, devices: report.devices }
}

t.test('crowd: a server that keeps its promises is judged clean', async (t) => {
  const found = verdict(await play(new FakeChat(), 40))
  t.match(found, { lost: 0, duplicated: 0, outOfOrder: 0, devices: 4 })
  t.ok(found.delivered >= 60 && found.delivered <= 120, `${found.delivered} deliveries`)
})

t.test('crowd: devices that come and go miss nothing', async (t) => {
  const reports = await play(new FakeChat(), 2000, { churn: 1, patienceMs: 10_000 })
  t.match(verdict(reports), { lost: 0, duplicated: 0, outOfOrder: 0 })
})

t.test('crowd: an entry that one device is not given is lost', async (t) => {
  const chat = new FakeChat()
  chat.tamper = (entry, user) => (user === 'r1.dee' && entry.seq === 20 ? [] : [entry])
  t.match(verdict(await play(chat, 40)), { lost: 1, duplicated: 0, outOfOrder: 0 })
})

t.test('crowd: a device that never sees the end is judged after its time', async (t) => {
  const chat = new FakeChat()
  chat.tamper = (entry, user) => (user === 'r1.dee' && entry.seq > 40 ? [] : [entry])
  t.match(verdict(await play(chat, 40)), { lost: 4, duplicated: 0, outOfOrder: 0 })
})

t.test('crowd: an entry that one device is given twice is duplicated', async (t) => {
  const chat = new FakeChat()
  chat.tamper = (entry, user) => (user === 'r1.dee' && entry.seq === 20 ? [entry, entry] : [entry])
  t.match(verdict(await play(chat, 40)), { lost: 0, duplicated: 1, outOfOrder: 0 })
})

t.test('crowd: content that changed on the way is out of order', async (t) => {
  const chat = new FakeChat()
  chat.tamper = (entry, user) =>
    user === 'r1.dee' && entry.seq === 20 ? [Object.assign({}, entry, { content: Buffer.from('line 3') })] : [entry]
  t.match(verdict(await play(chat, 40)), { lost: 0, duplicated: 0, outOfOrder: 1 })
})

t.test('crowd: history that lacks an entry is lost, unless it is not to be checked', async (t) => {
  const chat = new FakeChat()
  chat.tamper = (entry, user) => (user === 'history' && entry.seq === 20 ? [] : [entry])
  t.match(verdict(await play(chat, 40)), { lost: 1 })
  t.match(verdict(await play(chat, 40, { checkHistory: false })), { lost: 0 })
})

t.test('crowd: a message that is refused is reported as such', async (t) => {
  const chat = new FakeChat()
  chat.isMute = true
  const reports = await play(chat, 4)
  t.equal(reports.filter((one) => one.report === 'refused').length, 4)
})
