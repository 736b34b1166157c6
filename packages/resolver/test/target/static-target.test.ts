import type { experimental } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { staticTarget, TargetError } from '../../src/index.js';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { parseStaticTarget } from '../../src/target/static-target.js';
import { Probe, uri } from '../support/probe.js';

const parse = (target: string) => parseStaticTarget(uri(target));
const resolverClass = createStaticResolverClass();

describe('the grammar of static:', () => {
  it.each([
    ['static:192.0.2.1:80', [['192.0.2.1', 80]]],
    ['static:192.0.2.1', [['192.0.2.1', 443]]],
    ['static:[2001:db8::1]:80', [['2001:db8::1', 80]]],
    ['static:[2001:db8::1]', [['2001:db8::1', 443]]],
    ['static:[fe80::1%eth0]:80', [['fe80::1%eth0', 80]]],
    ['static:echo-1.example:80', [['echo-1.example', 80]]],
    ['static:echo_1', [['echo_1', 443]]],
    ['static:///192.0.2.1:80', [['192.0.2.1', 80]]],
  ])('reads %s', (target, addresses) => {
    const { endpoints } = parse(target);
    expect(endpoints).toHaveLength(1);
    expect(endpoints[0]?.addresses.map(({ host, port }) => [host, port])).toEqual(addresses);
  });

  it('splits endpoints at commas and addresses at plus signs, outside brackets', () => {
    const target = 'static://echo.example/[::1]:50050+127.0.0.1:50050,[::1]:50051,a.example:1+b.example:2';
    expect(parse(target)).toEqual({
      serverName: 'echo.example',
      endpoints: [
        {
          addresses: [
            { host: '::1', port: 50050 },
            { host: '127.0.0.1', port: 50050 },
          ],
        },
        { addresses: [{ host: '::1', port: 50051 }] },
        {
          addresses: [
            { host: 'a.example', port: 1 },
            { host: 'b.example', port: 2 },
          ],
        },
      ],
    });
  });

  it.each([
    ['static://name', '"//name" has a server name and no endpoint'],
    ['static:,', 'an address is empty before ","'],
    ['static:a,', 'an address is empty after "a,"'],
    ['static:a+', 'an address is empty after "a+"'],
    ['static:a,,b', 'an address is empty after "a,"'],
    ['static:[::1', '"[::1" lacks the closing "]"'],
    ['static:[::1]443', '"[::1]443" has "443" after "]", not a port'],
    ['static:[1.2.3.4]:1', '"[1.2.3.4]:1" has no IPv6 address between its brackets'],
    ['static:::1', '"::1" has several colons; an IPv6 address stands in brackets'],
    ['static:1.2.3.4:99999', '"1.2.3.4:99999" has port "99999"; a port is an integer from 1 to 65535'],
    ['static:1.2.3.4:0', '"1.2.3.4:0" has port "0"'],
    ['static:1.2.3.4:', '"1.2.3.4:" has port ""'],
    ['static:a:http', '"a:http" has port "http"'],
    ['static:50051', '"50051" is neither an IPv4 address nor a host name: its last label is a number'],
    ['static:1.2.3.4.5:1', 'its last label is a number'],
    ['static:0x7f.1:1', 'its last label is a number'],
    ['static:a.0x10:1', 'its last label is a number'],
    ['static:a..b:1', '"a..b" is no host name'],
    ['static:.:1', '"." is no host name'],
    ['static:a b:1', '"a b:1" has a blank'],
    ['static:127.0.0.1:1, 127.0.0.1:2', '" 127.0.0.1:2" has a blank; a target has none, not even after ","'],
    ['static:127.0.0.1:1, [::1]:2', '" [::1]:2" has a blank'],
    ['static:"a:1"', 'is no host name'],
    ['static:bücher.example:1', 'names in other scripts as xn--'],
    [`static:${'a'.repeat(64)}:1`, 'a label is 1 to 63 letters'],
    ['static://na me/1.2.3.4:1', 'server name "na me"'],
    ['static://user@name/1.2.3.4:1', 'server name "user@name"'],
    ['static://[fe80::1%eth0]/1.2.3.4:1', 'has a zone id'],
    ['static://a:99999/1.2.3.4:1', 'has port "99999"'],
  ])('answers %s with one UNAVAILABLE status that quotes the bad part', async (target, message) => {
    const probe = new Probe(resolverClass, target);
    const { error } = await probe.ask();
    expect(error?.code).toBe(14);
    expect(error?.details).toMatch(/^bad static: target: /);
    expect(error?.details).toContain(message);
    expect(error?.details).not.toMatch(/[\n\r]/);
  });

  // From Node 24 on, URLs take it, and so no socket leaks.
  it.skipIf(URL.canParse('https://xn--a')).each([
    ['static://xn--a/1.2.3.4:1', 'server name "xn--a" is not valid in a URL'],
    ['static:xn--a:1', 'server name "xn--a:1" is not valid in a URL'],
  ])(
    'refuses %s up front, for which grpc-js would leak a socket on each attempt',
    async (target, message) => {
      expect((await new Probe(resolverClass, target).ask()).error?.details).toContain(message);
    },
  );

  it('takes a thousand endpoints, and answers 100 kB of garbage in one short line', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}:1`);
    expect((await new Probe(resolverClass, `static:${many.join(',')}`).ask()).endpoints).toEqual(many);
    for (const garbage of [
      '['.repeat(1e5),
      ':'.repeat(1e5),
      'é'.repeat(1e5),
      '1.'.repeat(5e4),
      '%'.repeat(1e5),
    ]) {
      const { error } = await new Probe(resolverClass, `static:${garbage}`).ask();
      expect(error?.details.length).toBeLessThan(400);
    }
  });
});

describe('the authority of static:', () => {
  it.each([
    ['static://echo.example/1.2.3.4:1', 'echo.example'],
    ['static://echo.example:8443/1.2.3.4:1', 'echo.example:8443'],
    ['static:echo-1.example:50051,echo-2.example:50051', 'echo-1.example:50051'],
    ['static:[::1]:50051+127.0.0.1:50051', '[::1]:50051'],
    ['static:[fe80::1%eth0]:50051', '[fe80::1]:50051'],
    ['static:[::1]', '[::1]'],
    ['static:192.0.2.1', '192.0.2.1'],
    ['static:,', 'localhost'],
    ['static:[::1', 'localhost'],
  ])('of %s is %s, and no URL refuses it', (target, authority) => {
    expect(resolverClass.getDefaultAuthority(uri(target))).toBe(authority);
    expect(URL.canParse(`https://${authority}`)).toBe(true);
  });
});

describe('staticTarget', () => {
  it('takes endpoints in each of their forms', () => {
    expect(
      staticTarget([
        '[::1]:50051+127.0.0.1:50051',
        { addresses: ['[::1]:50052', { host: '127.0.0.1', port: 50052 }] },
        'echo-3',
      ]),
    ).toBe('static:[::1]:50051+127.0.0.1:50051,[::1]:50052+127.0.0.1:50052,echo-3:443');
    expect(staticTarget(['192.0.2.1:1'], { serverName: 'echo.example' })).toBe(
      'static://echo.example/192.0.2.1:1',
    );
  });

  it.each([
    [() => staticTarget([]), 'endpoints must hold at least one endpoint'],
    [
      () => staticTarget([{ addresses: [] }]),
      'endpoints[0]: an endpoint is a string or { addresses: [at least one] }',
    ],
    [
      () => staticTarget(['a:1', { addresses: [{ host: 'b', port: 0 }] }]),
      'endpoints[1]: port of "b" must be',
    ],
    [() => staticTarget([{ addresses: [{ host: '', port: 1 }] }]), 'endpoints[0]: a host name is empty'],
    [() => staticTarget([{ addresses: [{ path: '/run/x' }] }]), 'cannot hold the Unix socket "/run/x"'],
    [
      () => staticTarget(['a:1,b:2']),
      'endpoints[0]: "a:1,b:2" contains ","; write an entry for each endpoint: ["a:1", "b:2"]',
    ],
    [() => staticTarget([{ addresses: ['a:1+b:1'] }]), 'contains "+"; write an entry for each address'],
    [() => staticTarget([{ addresses: [{ host: ' a', port: 1 }] }]), '" a" has a blank'],
    [() => staticTarget('a:1' as never), 'endpoints must be an array, got "a:1"'],
    [() => staticTarget([null as never]), 'endpoints[0]: an endpoint is a string'],
    [() => staticTarget(['a:1'], { serverName: 'no/slash' }), 'server name "no/slash"'],
    [() => staticTarget(['a:1'], { serverName: 5 as never }), 'server name 5 is no string'],
    [() => staticTarget(new Array(1)), 'endpoints[0]: an endpoint is a string'],
    [
      () => staticTarget([`${undefined}:50051`]),
      '"undefined" is what an unset variable gives, and no host name',
    ],
    [
      () => staticTarget(['http://127.0.0.1:50051']),
      'has several colons; an IPv6 address stands in brackets',
    ],
    [
      () => staticTarget([{ addresses: [{ host: 'a', port: '80' as never }] }]),
      'endpoints[0]: port of "a" must be an integer from 1 to 65535, got "80"',
    ],
  ])('throws on %s', (build, message) => {
    expect(build).toThrow(TargetError);
    expect(build).toThrow(message);
  });

  it.each([null, 'x', { servername: 'x' }])('throws a TypeError on the options %j', (options) => {
    expect(() => staticTarget(['a:1'], options as never)).toThrow(
      /^staticTarget: its options must (be|have) /,
    );
  });

  const host = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.domain().filter((name) => URL.canParse(`https://${name}`)),
    fc.constantFrom('localhost', 'echo_1', 'fe80::1%eth0', 'a.example.', 'ECHO'),
  );
  const address = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }, { noNullPrototype: true });
  const nameOf = (entry: { host: string; port: number }): string => `${entry.host} ${entry.port}`;
  const endpoint = fc.record(
    { addresses: fc.uniqueArray(address, { minLength: 1, maxLength: 4, selector: nameOf }) },
    { noNullPrototype: true },
  );
  const kindOf = ({ addresses }: { addresses: Array<{ host: string; port: number }> }): string =>
    addresses.map(nameOf).sort().join();

  it('is the exact inverse of parsing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(endpoint, { minLength: 1, maxLength: 8, selector: kindOf }),
        fc.option(
          fc.domain().filter((name) => URL.canParse(`https://${name}`)),
          { nil: undefined },
        ),
        (endpoints, serverName) => {
          const target = staticTarget(endpoints, serverName === undefined ? {} : { serverName });
          const parsed = parse(target);
          expect(parsed).toEqual({ serverName, endpoints });
          expect(staticTarget(parsed.endpoints, serverName === undefined ? {} : { serverName })).toBe(target);
        },
      ),
    );
  });
});

describe('duplicates', () => {
  it.each([
    ['an address in an endpoint', '[::1]:1+a:1+[::1]:1,b:1+b:1', '[::1]:1+a:1,b:1'],
    ['an endpoint, its addresses in any order', 'a:1+b:1,c:1,b:1+a:1,c:1,a:1', 'a:1+b:1,c:1,a:1'],
  ])('of %s count once, where they stood first', (_what, path, expected) => {
    expect(staticTarget(parse(`static:${path}`).endpoints)).toBe(`static:${expected}`);
    expect(staticTarget(path.split(','))).toBe(`static:${expected}`);
  });

  it('never reach a resolver', async () => {
    const { endpoints } = await new Probe(resolverClass, 'static:10.0.0.1:1+10.0.0.1:1,10.0.0.1:1').ask();
    expect(endpoints).toEqual(['10.0.0.1:1']);
  });
});

describe('fuzz', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '[',
      ']',
      ':',
      ',',
      '+',
      '/',
      '//',
      '%',
      '::1',
      '1.2.3.4',
      'host',
      '443',
      '99999',
      '.',
      ' ',
      '\\',
      '@',
      '\u0000',
      'é',
      '🙂',
    ),
    { maxLength: 30 },
  );
  const good = fc.array(fc.constantFrom('1.2.3.4', '[::1]:443', 'host', 'host:443+[::1]:1'), {
    minLength: 1,
  });
  const text = fc.oneof(
    good.map((addresses) => addresses.join(',')),
    pieces.map((parts) => parts.join('')),
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    fc.string({ unit: 'binary', maxLength: 100 }),
  );

  it('ends in endpoints or one status on a later tick, never in a throw, whatever the target', async () => {
    const resolverClass = createStaticResolverClass({}, () => Promise.resolve(['10.0.0.1']));
    const counts = { good: 0, bad: 0 };
    // Every other target has no authority: most random ones are bad, and hardly any whole target would be good.
    const authorities = fc.option(text, { nil: undefined, freq: 1 });
    const property = fc.asyncProperty(text, authorities, async (path, authority) => {
      const target = { scheme: 'static', path, ...(authority === undefined ? {} : { authority }) };
      expect(
        URL.canParse(`https://${resolverClass.getDefaultAuthority({ ...target, authority: '' })}`) ||
          path !== '',
      ).toBe(true);
      let problem: unknown;
      try {
        const { endpoints } = parseStaticTarget(target);
        expect(endpoints.length).toBeGreaterThan(0);
        expect(URL.canParse(`https://${resolverClass.getDefaultAuthority(target)}`)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(TargetError);
        expect((error as Error).message.length).toBeLessThan(1200);
        problem = error;
      }
      const results: unknown[] = [];
      const listener: experimental.ResolverListener = (endpoints) => {
        results.push(endpoints.ok ? 'endpoints' : `${endpoints.error.code} ${endpoints.error.details}`);
        return true;
      };
      const resolver = new resolverClass(target, listener, {});
      resolver.updateResolution();
      await new Promise<void>((resolve) => process.nextTick(resolve));
      expect(results).toEqual([]);
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      resolver.destroy();
      counts[problem === undefined ? 'good' : 'bad'] += 1;
      expect(results).toEqual([
        problem === undefined ? 'endpoints' : `14 bad static: target: ${(problem as Error).message}`,
      ]);
    });
    await fc.assert(property, { numRuns: 2000 });
    expect(counts.good).toBeGreaterThan(100);
    expect(counts.bad).toBeGreaterThan(1000);
  });
});
