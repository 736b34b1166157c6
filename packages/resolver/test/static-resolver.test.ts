import { describe, expect, it } from 'vitest';
import { createManualResolver, registerStaticResolver, staticTarget } from '../src/index.js';
import { ask, askUntilAll, makeClient, ROUND_ROBIN, startServer } from './whoami.js';

registerStaticResolver();

describe('static:', () => {
  it('reaches an endpoint by its second address when nothing listens on the first', async () => {
    const server = await startServer('a', '127.0.0.1');
    const client = makeClient(`static:[::1]:${server.port}+127.0.0.1:${server.port}`);
    await expect(ask(client)).resolves.toBe('a');
  });

  it('spreads RPCs over its endpoints', async () => {
    const [a, b] = [await startServer('a'), await startServer('b', '::1')];
    const client = makeClient(staticTarget([`127.0.0.1:${a.port}`, `[::1]:${b.port}`]), ROUND_ROBIN);
    await askUntilAll(client, ['a', 'b']);
  });
});

describe('manual:', () => {
  it('moves a live channel to new endpoints', async () => {
    const [a, b] = [await startServer('a'), await startServer('b')];
    const manual = createManualResolver({ endpoints: [`127.0.0.1:${a.port}`] });
    const client = makeClient(manual.target);
    await expect(ask(client)).resolves.toBe('a');
    manual.update({ endpoints: [`127.0.0.1:${b.port}`] });
    await askUntilAll(client, ['b']);
  });
});
