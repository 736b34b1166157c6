/** Three endpoints as the reference has them, on free ports, for one test. */
import { EchoListener } from './echo-listener.js';

export interface Fleet {
  readonly listeners: readonly [EchoListener, EchoListener, EchoListener];
  /** `static:[::1]:P+127.0.0.1:P,…` */
  readonly target: string;
  /** `[::1]:P+127.0.0.1:P`, in order. */
  readonly names: readonly [string, string, string];
}

/** IPv4 only, IPv6 only, and both; stopped when the test is over. (Concurrent tests each have their own hook.) */
export async function fleet(onTestFinished: (stop: () => void) => void): Promise<Fleet> {
  const [first, second, third] = await Promise.all([
    EchoListener.on('127.0.0.1'),
    EchoListener.on('::1'),
    EchoListener.on('::'),
  ]);
  onTestFinished(() => {
    for (const listener of [first, second, third]) listener.stop();
  });
  const name = ({ port }: EchoListener): string => `[::1]:${port}+127.0.0.1:${port}`;
  const names = [name(first), name(second), name(third)] as const;
  return { listeners: [first, second, third], target: `static:${names.join(',')}`, names };
}
