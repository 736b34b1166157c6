/** Programs of the first edition go on, for as long as its names are kept. */
import { type ChannelOptions, experimental, type StatusObject } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { PollingResolver, type Resolution } from '../src/index.js';

class Catalogue extends PollingResolver {
  protected override async resolve(): Promise<Resolution> {
    return { endpoints: ['127.0.0.1:50051'] };
  }

  static getDefaultAuthority(): string {
    return 'echo.example';
  }
}

test('a class that extends PollingResolver answers', async () => {
  const target = { scheme: 'first-edition', path: 'echo' };
  const options: ChannelOptions = {};
  const answer = await new Promise<experimental.StatusOr<experimental.Endpoint[]>>((resolve) => {
    const resolver = new Catalogue(
      target,
      (endpoints) => {
        resolver.destroy();
        resolve(endpoints);
        return true;
      },
      options,
    );
    resolver.updateResolution();
  });
  expect(answer).toEqual(
    experimental.statusOrFromValue([{ addresses: [{ host: '127.0.0.1', port: 50051 }] }]),
  );
});

test('what is wrong with its authority is told, and no connection is tried', async () => {
  class Nameless extends Catalogue {
    static override getDefaultAuthority(): string {
      return 'no host';
    }
  }
  const error = await new Promise<StatusObject>((resolve) => {
    const resolver = new Nameless(
      { scheme: 'first-edition', path: 'echo' },
      (endpoints) => {
        resolver.destroy();
        if (!endpoints.ok) resolve(endpoints.error);
        return true;
      },
      {},
    );
    resolver.updateResolution();
  });
  expect(error.details).toContain('authority() must return host[:port], which TLS verifies');
});
