import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { ask, askUntilAll } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it } from 'vitest';
import { createManualResolver, registerStaticResolver, staticTarget } from '../../src/index.js';

registerStaticResolver();

describe('static:', () => {
  it('reaches an endpoint by its second address when nothing listens on the first', async () => {
    const server = await startBackend({ name: 'a' });
    const client = openClient(`static:[::1]:${server.port}+127.0.0.1:${server.port}`);
    await expect(ask(client)).resolves.toBe('a');
  });

  it('spreads RPCs over its endpoints', async () => {
    const [a, b] = [await startBackend({ name: 'a' }), await startBackend({ name: 'b', host: '::1' })];
    const client = openClient(staticTarget([`127.0.0.1:${a.port}`, `[::1]:${b.port}`]), ROUND_ROBIN);
    await askUntilAll(client, ['a', 'b']);
  });
});

describe('a refused address', () => {
  it.each(['127.0.0.1:1+127.0.0.1:1', '127.0.0.1:1,127.0.0.1:1'])(
    'that stands twice in static:%s fails RPCs instead of hanging in pick_first',
    async (path) => {
      const details = expect.stringContaining('ECONNREFUSED 127.0.0.1:1');
      await expect(ask(openClient(`static:${path}`))).rejects.toMatchObject({ code: 14, details });
      const manual = createManualResolver({ endpoints: path.split(',') });
      await expect(ask(openClient(manual.target))).rejects.toMatchObject({ code: 14, details });
    },
  );
});

describe('manual:', () => {
  it('moves a live channel to new endpoints', async () => {
    const [a, b] = [await startBackend({ name: 'a' }), await startBackend({ name: 'b' })];
    const manual = createManualResolver({ endpoints: [`127.0.0.1:${a.port}`] });
    const client = openClient(manual.target);
    await expect(ask(client)).resolves.toBe('a');
    manual.update({ endpoints: [`127.0.0.1:${b.port}`] });
    await askUntilAll(client, ['b']);
  });
});
