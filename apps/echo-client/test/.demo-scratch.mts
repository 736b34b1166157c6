import { createInterface } from 'node:readline';
import { EchoListener } from './echo-listener.ts';

const ls = await Promise.all(['127.0.0.1:50150', '[::1]:50151', '[::]:50152'].map((a) => EchoListener.on(a)));
console.log('up');
createInterface(process.stdin).on('line', async (l) => {
  const [c, n] = l.split(' ');
  const x = ls[Number(n) - 1];
  if (c === 'stop') x.stop();
  else if (c === 'start') await x.start();
  else if (c === 'sick') x.healthy(false);
  else x.healthy(true);
});
