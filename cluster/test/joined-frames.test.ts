import t from 'tap'
import { JoinedFrames } from '../joined-frames.js'

const frame = (text: string): Uint8Array => Buffer.from(text)

t.test('joined frames: the same frames are one message, made once; others are another', async (t) => {
  const joined = new JoinedFrames()
  const [a, b, c] = [frame('a'), frame('bb'), frame('c')]
  const message = joined.message([a, b])
  t.equal(String(message), 'abb')
  t.equal(joined.message([a, b]), message)
  t.equal(String(joined.message([b, a])), 'bba')
  t.equal(String(joined.message([a, b, c])), 'abbc')
  t.equal(String(joined.message([a])), 'a')
  t.equal(String(joined.message([frame('a'), b])), 'abb')
})
