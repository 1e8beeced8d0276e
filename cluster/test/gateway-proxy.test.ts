/** A3: the client's address behind a balancer, and what forged PROXY headers achieve: nothing. */
import t from 'tap'
import { openGateway, proxyHeader, RawClient, UPGRADE, within } from './gateway-fixture.js'

const CLIENT = [203, 0, 113, 9]
const OTHER = [198, 51, 100, 66]
const PLAIN = 'GET /nothing HTTP/1.1\r\nHost: rookery\r\n\r\n'
const TRUSTING = { trustedProxies: ['127.0.0.0/8'] }

t.test('gateway: behind a trusted balancer the address is the client’s', async (t) => {
  const { gateway, node } = await openGateway(t, TRUSTING)
  const next = node.nextSession()
  new RawClient(t, gateway.port).send(proxyHeader(CLIENT), UPGRADE)
  t.equal((await within('the node gets a session', next)).connection.remote, '203.0.113.9')
})

t.test('gateway: a forged PROXY header is refused and logged with the peer’s own address', async (t) => {
  const logged: object[] = []
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => logged.push(fields) }
  const { gateway, node } = await openGateway(t, { trustedProxies: ['10.0.0.0/8'], log })
  const answer = await new RawClient(t, gateway.port).send(proxyHeader(CLIENT), UPGRADE).end()
  t.match(answer, /^HTTP\/1.1 400 .*PROXY/s)
  t.same(logged, [{ remote: '127.0.0.1' }])
  t.equal(node.sessions.length, 0)
})

t.test('gateway: a forged address does not widen the connect rate', async (t) => {
  const { gateway } = await openGateway(t, { connectRate: { perSecond: 0.001, burst: 1 } })
  t.match(await new RawClient(t, gateway.port).send(proxyHeader(CLIENT), UPGRADE).end(), /^HTTP\/1.1 400 /)
  t.match(await new RawClient(t, gateway.port).send(proxyHeader(OTHER), UPGRADE).end(), /^HTTP\/1.1 429 /)
})

t.test('gateway: clients behind one balancer have a connect rate each', async (t) => {
  const fixture = { ...TRUSTING, connectRate: { perSecond: 0.001, burst: 1 } }
  const { gateway } = await openGateway(t, fixture)
  const attempt = (source: number[]) => new RawClient(t, gateway.port).send(proxyHeader(source), UPGRADE)
  t.match(await attempt(CLIENT).until(/\r\n\r\n/), /^HTTP\/1.1 101 /)
  t.match(await attempt(OTHER).until(/\r\n\r\n/), /^HTTP\/1.1 101 /)
  t.match(await attempt(CLIENT).end(), /^HTTP\/1.1 429 /)
})

t.test('gateway: a client behind a balancer cannot take another address for its second request', async (t) => {
  const { gateway, node } = await openGateway(t, TRUSTING)
  const pipelined = new RawClient(t, gateway.port)
  pipelined.send(proxyHeader(CLIENT), PLAIN, proxyHeader(OTHER), UPGRADE)
  t.notMatch(await pipelined.end(), / 101 /)
  const badUpgrade = UPGRADE.replace('rookery.json.v1', 'chat')
  t.notMatch(
    await new RawClient(t, gateway.port).send(proxyHeader(CLIENT), badUpgrade, proxyHeader(OTHER), UPGRADE).end(),
    / 101 /,
  )
  const patient = new RawClient(t, gateway.port).send(proxyHeader(CLIENT), PLAIN)
  t.match(await patient.until(/nothing here/), /^HTTP\/1.1 404 /)
  t.notMatch(await patient.send(proxyHeader(OTHER), UPGRADE).end(), / 101 /)
  t.equal(node.sessions.length, 0)
})

t.test('gateway: a broken PROXY header opens nothing', async (t) => {
  const { gateway, node } = await openGateway(t, TRUSTING)
  const version1 = Buffer.from('PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n')
  for (const header of [version1, Buffer.concat([proxyHeader(CLIENT), proxyHeader(OTHER)])]) {
    const client = new RawClient(t, gateway.port).send(header, UPGRADE)
    client.socket.end()
    t.notMatch(await client.end(), / 101 /)
  }
  t.equal(node.sessions.length, 0)
})
