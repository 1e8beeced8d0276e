/** A3: whose address a request has, when there may be a balancer in front. */
import t from 'tap'
import { addressText, proxyPeers } from '../proxy-peer.js'

const bytes = (...octets: number[]) => Uint8Array.from(octets).buffer
const request = (peer: ArrayBuffer, reported: ArrayBuffer = bytes()) => ({
  getRemoteAddress: () => peer,
  getProxiedRemoteAddress: () => reported,
})
const V6 = bytes(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const mapped = (...octets: number[]) => bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...octets)

t.test('proxy peer: addresses are written in their usual form', async (t) => {
  t.equal(addressText(bytes(192, 0, 2, 7)), '192.0.2.7')
  t.equal(addressText(V6), '2001:db8::1')
  t.equal(addressText(mapped(192, 0, 2, 7)), '192.0.2.7')
})

t.test('proxy peer: a trusted balancer is believed, in every form of its address', async (t) => {
  const peers = proxyPeers(['10.0.0.0/8', '2001:db8::/64'])
  for (const balancer of [bytes(10, 1, 2, 3), mapped(10, 1, 2, 3), V6]) {
    const peer = peers.of(request(balancer, bytes(203, 0, 113, 9)))
    t.same(peer, { address: '203.0.113.9', proxied: true, forged: false })
  }
})

t.test('proxy peer: a header from anybody else changes nothing and is named forged', async (t) => {
  const peer = proxyPeers(['10.0.0.0/8']).of(request(bytes(192, 0, 2, 1), bytes(203, 0, 113, 9)))
  t.same(peer, { address: '192.0.2.1', proxied: false, forged: true })
})

t.test('proxy peer: a balancer that reports nobody (its health check) is itself', async (t) => {
  const peer = proxyPeers(['10.0.0.1']).of(request(bytes(10, 0, 0, 1)))
  t.same(peer, { address: '10.0.0.1', proxied: false, forged: false })
})

t.test('proxy peer: what is not a range is refused', async (t) => {
  for (const bad of ['10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', 'lb.example', '1.2.3.4/-1']) {
    t.throws(() => proxyPeers([bad]), /not an address or CIDR range/)
  }
})
