/** DNS that answers after longer than queries stay on the main thread, with a thread for them and where none is allowed. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { registerRefreshingDnsResolver } from '@petiole/resolver';
import { ask, withServers } from './who-am-i.cjs';

const A_RECORD = 1;
const DELAY_MS = 700;

registerRefreshingDnsResolver({ families: 'ipv4' });
let threads = 0;
process.on('worker', () => {
  threads += 1;
});

const dns = createSocket('udp4', (query, { port, address }) => {
  const nameEnd = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, nameEnd + 4);
  const found = query.readUInt16BE(nameEnd) === A_RECORD;
  const header = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, found ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, A_RECORD, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
  const answer = Buffer.concat([header, question, ...(found ? [record] : [])]);
  setTimeout(() => dns.send(answer, port, address), DELAY_MS).unref();
});
await new Promise((resolve) => dns.bind(0, '127.0.0.1', resolve));
try {
  await withServers('A', async ([port]) => {
    console.log(await ask(`dns+refresh://127.0.0.1:${dns.address().port}/echo.test:${port}`, {}, 3));
  });
} finally {
  dns.unref();
}
// One for the address; that of the service config, which is asked for beside it, is the same.
assert.equal(threads, process.permission === undefined ? 1 : 0);
