/** In this file nobody has registered anything, until a test does. */
import { setImmediate } from 'node:timers/promises';
import { setLogger } from '@grpc/grpc-js';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parseTarget, registerSrvResolver, registerStaticResolver, staticTarget } from '../../src/index.js';

function errorLines(): string[] {
  const lines: string[] = [];
  setLogger({ error: (line: string) => lines.push(line) });
  onTestFinished(() => setLogger(console));
  return lines;
}

it.each([
  ['static:127.0.0.1:1', 'registerStaticResolver()'],
  ['srv:_grpc._tcp.echo.test', 'registerSrvResolver()'],
  ['dns+refresh:echo.test', 'registerRefreshingDnsResolver()'],
])('parseTarget refuses %s until it is registered, and says how', (target, call) => {
  const scheme = target.slice(0, target.indexOf(':'));
  expect(() => parseTarget(target)).toThrow(
    `bad target: "${target}": no resolver for ${scheme}: is registered, so that grpc-js would hand such a target to dns:; call ${call}, or import '@petiole/resolver/register', before a client is made`,
  );
});

it('parseTarget says first what is wrong with the target itself', () => {
  expect(() => parseTarget('srv:echo.test')).toThrow('must be _service._proto.NAME');
});

it('parseTarget takes a target of a scheme that is registered', () => {
  registerSrvResolver();
  expect(parseTarget('srv:_grpc._tcp.echo.test').scheme).toBe('srv');
});

it('staticTarget says on the next turn, once, that nobody has registered static: by then', async () => {
  const lines = errorLines();
  expect(staticTarget(['127.0.0.1:1'])).toBe('static:127.0.0.1:1');
  expect(staticTarget(['127.0.0.1:2'])).toBe('static:127.0.0.1:2');
  await setImmediate();
  await setImmediate();
  expect(lines).toEqual([
    expect.stringContaining('staticTarget: no resolver for static: is registered, so that'),
  ]);
});

it('another instance of this package that has registered the scheme counts', async () => {
  vi.resetModules();
  const other = await import('../../src/index.js');
  expect(other.registerStaticResolver).not.toBe(registerStaticResolver);
  other.registerStaticResolver();
  expect(parseTarget('static:127.0.0.1:1').scheme).toBe('static');
  const lines = errorLines();
  vi.resetModules();
  const third = await import('../../src/index.js');
  third.staticTarget(['127.0.0.1:1']);
  await setImmediate();
  await setImmediate();
  expect(lines).toEqual([]);
});
