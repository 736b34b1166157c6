/**
 * A resolver that answers every request for re-resolution in the next tick.
 * With grpc-js's own round_robin, one dead server then ends all I/O of the
 * process, so the client is a process of its own and this one is its watchdog.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { launch, node } from '@petiole/test-kit/processes/program';
import { beforeAll, describe, expect, test } from 'vitest';

/** What the client measures while one server of three is down, for 1.5 s and more than 20 RPCs. */
interface Measured {
  readonly seconds: number;
  /** RPCs, one after the other. */
  readonly total: number;
  readonly failed: number;
  /** That the two other servers have accepted. */
  readonly connections: number;
  readonly resolutions: number;
}

const PROGRAM = 'test/grpc-js/eager-resolver-process.ts';
const KINDS = ['none', 'fresh objects', 'symbols', 'counter'] as const;

async function measure(attributes: string): Promise<Measured> {
  const client = launch(node(PROGRAM, 'custom_round_robin', attributes));
  try {
    expect(await client.out.after('all serve')).toBe('3');
    await client.out.after('killed');
    await client.out.after('the rest serves');
    const measured = JSON.parse(await client.out.after('while it was down')) as Measured;
    await client.out.after('all serve again');
    expect((await client).exitCode).toBe(0);
    return measured;
  } finally {
    // A client that hangs must not outlive a failing test.
    client.kill('SIGKILL');
  }
}

describe('a resolver that answers in the next tick, and one dead server', () => {
  test('hang a process that uses round_robin: the trap is real', async () => {
    const client = launch(node(PROGRAM, 'round_robin'));
    await client.out.after('killed');
    // From here on the client owes a sign of life every 50 ms.
    let lines = -1;
    for (let i = 0; i < 4 && client.out.all.length !== lines; i++) {
      lines = client.out.all.length;
      await Promise.race([client, pause(1500)]);
    }
    expect(client.out.all.length).toBe(lines);
    expect(client.out.all).not.toContain('all serve again');
    expect(client.exitCode).toBeNull();
    client.kill('SIGKILL');
    expect((await client).signal).toBe('SIGKILL');
  });

  // Unchanged endpoints keep their children, and re-resolution is asked for once a second: without both, nobody is served.
  describe('with custom_round_robin', () => {
    let results: Map<string, Measured>;
    const of = (kind: string) => results.get(kind) as Measured;

    beforeAll(async () => {
      const measured = await Promise.all(
        KINDS.map(async (kind): Promise<[string, Measured]> => [kind, await measure(kind)]),
      );
      results = new Map(measured);
    }, 30_000);

    test('the others go on serving: no RPC fails, and the dead server is back when it is back', () => {
      for (const kind of KINDS) {
        expect(of(kind).failed).toBe(0);
        expect(of(kind).total).toBeGreaterThan(20);
      }
    });

    test('the resolver is asked once a second, however fast it answers', () => {
      // 4 in the 1.5 s of a machine that has time.
      for (const kind of KINDS)
        expect(of(kind).resolutions).toBeLessThanOrEqual(Math.floor(of(kind).seconds) + 3);
    });

    test('attributes that are fresh objects with the same content open no connection', () => {
      expect([of('none').connections, of('fresh objects').connections]).toEqual([0, 0]);
    });

    test('attributes that really differ each time open one connection per resolution and server at most', () => {
      for (const kind of ['symbols', 'counter']) {
        // One resolution may have been answered before the count began.
        expect(of(kind).connections).toBeLessThanOrEqual(2 * (of(kind).resolutions + 1));
      }
    });
  });
});
