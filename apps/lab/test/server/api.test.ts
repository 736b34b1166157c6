/** Who may do what by the lab's API: its own page may, and nobody else. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenLab, openLab } from './open-lab.js';

let lab: OpenLab;
beforeAll(async () => {
  lab = await openLab(20);
});
afterAll(() => lab.close());

type Headers = Readonly<Record<string, string>>;

/** A browser does not let a program set all of these; whoever attacks is no browser. */
function ask(
  method: string,
  path: string,
  headers: Headers = {},
  body = '',
): Promise<{ status: number; text: string; headers: object }> {
  const { port } = new URL(lab.url);
  return new Promise((resolve, reject) => {
    request(
      { host: '127.0.0.1', port, method, path, headers: { connection: 'close', ...headers } },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
        answer.on('error', reject);
      },
    )
      .on('error', reject)
      .end(body);
  });
}

const own = (): Headers => ({ 'x-lab-token': lab.token, 'content-type': 'application/json' });
const RESET = '{"do":"set-load","rate":20}';
/** More levels than JSON can be written with. */
const DEEP = `${'['.repeat(15_000)}${']'.repeat(15_000)}`;

const found = (path: string): object => ({
  findings: expect.arrayContaining([expect.objectContaining({ severity: 'error', path })]),
});

describe('The page', () => {
  test('comes with its token, and with headers that let it load nothing from elsewhere', async () => {
    const { status, text, headers } = await ask('GET', '/');
    expect(status).toBe(200);
    expect(text).toContain(`<meta name="lab-token" content="${lab.token}">`);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'self';.*frame-ancestors 'none'/),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test.each([
    ['/nothing', 404],
    ['/../package.json', 404],
    ['/%2e%2e/package.json', 404],
  ])('%s: there is nothing of the disk (%i)', async (path, status) => {
    expect(await ask('GET', path)).toMatchObject({ status });
  });

  test.each(['//', '/\\', 'http://['])('%s is no path, and no bug of the lab', async (path) => {
    expect(await ask('GET', path)).toMatchObject({ status: 400, text: expect.stringContaining('the path') });
  });

  test('a name of somebody else that leads to the loopback gets nothing, the page neither', async () => {
    for (const path of ['/', '/api/events'])
      expect(await ask('GET', path, { host: 'evil.example' })).toMatchObject({
        status: 403,
        text: expect.stringContaining('Host must be one of'),
      });
  });
});

describe('The API refuses', () => {
  test.each<[string, Headers]>([
    ['a request without the token', { 'x-lab-token': '' }],
    ['a wrong token', { 'x-lab-token': 'f'.repeat(64) }],
    ['the Origin of another page', { origin: 'https://evil.example' }],
    ['the Origin of another port of the loopback', { origin: 'http://127.0.0.1:1' }],
    ['Origin: null', { origin: 'null' }],
    ['what a browser says is from another site', { 'sec-fetch-site': 'cross-site' }],
  ])('%s', async (_, headers) => {
    const { status, text } = await ask('POST', '/api/actions', { ...own(), ...headers }, RESET);
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({ error: expect.any(String) });
    expect(await ask('GET', '/api/events', { ...own(), ...headers })).toMatchObject({ status: 403 });
  });

  test.each<[string, number, string, string, Headers, string]>([
    ['another method', 405, 'GET', '/api/actions', {}, ''],
    ['what it does not have', 404, 'POST', '/api/nothing', {}, '{}'],
    ['what is not called JSON', 415, 'POST', '/api/actions', { 'content-type': 'text/plain' }, RESET],
    ['a body that is too long', 413, 'POST', '/api/actions', {}, `"${'x'.repeat(70_000)}"`],
    ['what is no JSON', 400, 'POST', '/api/actions', {}, '{'],
  ])('%s: %i', async (_, status, method, path, headers, body) => {
    const answer = await ask(method, path, { ...own(), ...headers }, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text).error).toMatch(/\w/);
  });

  test('more pages than it can tell', async () => {
    const open: AbortController[] = [];
    const listen = (): Promise<Response> => {
      const abort = new AbortController();
      open.push(abort);
      return fetch(`${lab.url}api/events`, { headers: own(), signal: abort.signal });
    };
    const answers = await Promise.all(Array.from({ length: 25 }, listen));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19); // one is open already
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(6);
    for (const abort of open) abort.abort();
  });

  test.each<[object | string, string]>([
    ['x', 'the body must be a JSON object, got "x"'],
    [
      { do: 'explode' },
      'do must be one of start, stop, freeze, thaw, remove, set-server, add-server, set-load, set-service-config, reset, got "explode"',
    ],
    [{ do: 'stop' }, 'server must be the number of a server, got undefined'],
    [{ do: 'stop', server: 9 }, 'server must be one of 1, 2, 3, got 9'],
    [{ do: 'start', server: 1 }, 'server 1 is serving: only one that is stopped can be started'],
    [{ do: 'set-server', server: 1, delayMs: -1 }, 'delayMs must be a whole number from 0 to 5000, got -1'],
    [{ do: 'set-server', server: 1, errorRate: 1.5 }, 'errorRate must be a number from 0 to 1, got 1.5'],
    [
      { do: 'set-server', server: 1, streamLimit: 0 },
      'streamLimit must be a whole number from 1 to 1000, or null for none, got 0',
    ],
    [{ do: 'set-server', server: 1, delay: 5 }, 'delay is no field of set-server: '],
    [{ do: 'set-load', rate: 1e9 }, 'rate must be a number from 0 to 1000, got 1000000000'],
    [{ do: 'set-load', kind: 'x' }, 'kind must be "unary" or "streams", got "x"'],
    [{ do: 'set-service-config', json: '{' }, 'the service config must be JSON: '],
    [
      { do: 'set-service-config', json: '{"loadBalancingConfig":[{"least_request":{"choiceCount":1}}]}' },
      'loadBalancingConfig[0].least_request.choiceCount must be an integer from 2 to 4294967295, got 1. If applied: RPCs fail with this message',
    ],
  ])('%j', async (action, error) => {
    const answer = await lab.post('actions', action);
    expect(answer.status).toBe(400);
    expect((await answer.json()).error).toContain(error);
  });
});

describe('A service config that is being typed', () => {
  test.each<[string, string, object]>([
    ['is no JSON yet', '{"loadBalancingConfig": [', { findings: [], syntaxError: expect.any(String) }],
    ['is right', '{"loadBalancingConfig":[{"custom_round_robin":{"repeatCount":2}}]}', { findings: [] }],
    ['has an error', '{"loadBalancingConfig":[{"custom_round_robn":{}}]}', found('loadBalancingConfig[0]')],
    ['has an error of 15,000 levels', `{"methodConfig":[{"xx":${DEEP}}]}`, found('methodConfig[0].xx')],
  ])('%s', async (_, json, checked) => {
    expect(await (await lab.post('check', { json })).json()).toMatchObject(checked);
  });
});

describe('A service config that is applied', () => {
  test('is refused where its levels are more than can be compared, also below a policy that nobody knows', async () => {
    const json = `{"loadBalancingConfig":[{"unknown":${DEEP}},{"round_robin":{}}]}`;
    await expect(lab.act({ do: 'set-service-config', json })).rejects.toThrow(
      'the service config must have at most 100 levels',
    );
  });

  test('may have null where it has nothing', async () => {
    const json = '{"loadBalancingConfig":null,"healthCheckConfig":null,"methodConfig":null}';
    await lab.act({ do: 'set-service-config', json });
    await lab.until('it is applied', () => lab.state().client.serviceConfig === json);
    expect(lab.state().client).toMatchObject({ policy: 'pick_first', checksHealth: false });
    expect(lab.marks.at(-1)?.text).toBe('pick_first, no health checks, one attempt');
    await lab.reset();
  });

  test('stands in the log and in the plots at a bounded length', async () => {
    for (const field of ['a', 'b']) {
      const json = `{"loadBalancingConfig":[{"custom_round_robin":{"${field}":"${'x'.repeat(60_000)}"}}]}`;
      await lab.act({ do: 'set-service-config', json });
      await lab.until('it is applied', () => lab.state().client.serviceConfig === json);
    }
    await lab.until('it is marked', () =>
      lab.marks.some(({ text }) => text.startsWith('custom_round_robin with')),
    );
    for (const { text } of [...lab.events, ...lab.marks]) expect(text.length).toBeLessThanOrEqual(300);
    await lab.reset();
  });
});
