import { describe, expect, test } from 'vitest';
import { run } from '../../src/command/run.js';
import { registerCounted } from '../counted-policy.js';

/** Runs the command over files in memory. */
async function command(args: string[], files: Record<string, unknown> = {}) {
  const loaded: string[] = [];
  const printed: string[] = [];
  const complaints: string[] = [];
  const code = await run(args, {
    async read(file) {
      if (!(file in files)) throw new Error(`ENOENT: no such file, open '${file}'`);
      return typeof files[file] === 'string' ? files[file] : JSON.stringify(files[file]);
    },
    async load(module) {
      loaded.push(module);
      if (module === 'counted') registerCounted();
      else throw new Error(`Cannot find module '${module}'`);
    },
    print: (line) => printed.push(line),
    complain: (line) => complaints.push(line),
  });
  return { code, loaded, output: printed.join('\n'), errors: complaints.join('\n') };
}

const HALF_A_SECOND = { methodConfig: [{ name: [{}], timeout: '0.5s' }] };

describe('the command', () => {
  test('says where, what happens and what to write, and ends with 0 if nothing is an error', async () => {
    expect(await command(['a.json'], { 'a.json': HALF_A_SECOND })).toMatchObject({
      code: 0,
      errors: '',
      output: `warning: methodConfig[0].timeout = "0.5s"
  What happens: grpc-js reads 0 s and 5 ns.
  Instead: write {"seconds":0,"nanos":500000000}, or have serviceConfig() write it.
a.json: errors: 0, warnings, which serviceConfig() mends: 1, notes: 0.`,
    });
  });

  test('ends with 1 if there is an error', async () => {
    const { code, output } = await command(['-'], { '-': { loadBalancingConfig: [{ roundrobin: {} }] } });
    expect(code).toBe(1);
    expect(output).toContain('error: loadBalancingConfig[0] = {"roundrobin":{}}');
    expect(output).toContain('What happens: grpc-js uses pick_first instead and logs nothing.');
    expect(output).toContain('did you mean round_robin?');
  });

  test('says so when there is nothing to say', async () => {
    const { code, output } = await command(['a.json'], {
      'a.json': { loadBalancingConfig: [{ round_robin: {} }] },
    });
    expect([code, output]).toEqual([0, 'a.json: grpc-js does all that it says.']);
  });

  test('--json prints the findings as they are, also of what JSON cannot write', async () => {
    const { output } = await command(['--json', 'a.json'], { 'a.json': HALF_A_SECOND });
    expect(JSON.parse(output)).toMatchObject([{ path: 'methodConfig[0].timeout', severity: 'mendable' }]);
    const deep = `{"loadBalancingConfig":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(JSON.parse((await command(['--json', '-'], { '-': deep })).output)).toMatchObject([
      { severity: 'error' },
    ]);
  });

  test('loads the balancer where it is installed, and what --import names', async () => {
    const files = { 'a.json': { loadBalancingConfig: [{ counted: {} }] } };
    expect((await command(['a.json'], files)).code).toBe(1);
    expect(await command(['--import', 'counted', 'a.json'], files)).toMatchObject({
      code: 0,
      loaded: ['@petiole/balancer/register', 'counted'],
    });
  });

  test.each([
    [[], 'one FILE is needed'],
    [['a.json', 'b.json'], 'one FILE is needed'],
    [['none.json'], "FILE none.json cannot be read: ENOENT: no such file, open 'none.json'"],
    [['--import', 'none', 'a.json'], "Cannot find module 'none'"],
    [['--yaml', 'a.json'], "Unknown option '--yaml'"],
  ])('%j ends with 2 and one complaint', async (args, complaint) => {
    const { code, output, errors } = await command(args, { 'a.json': {} });
    expect([code, output]).toEqual([2, '']);
    expect(errors).toContain(`petiole-service-config: ${complaint}`);
  });

  test('--help prints how it is used', async () => {
    expect(await command(['--help'])).toMatchObject({
      code: 0,
      output: expect.stringContaining('--import MODULE'),
    });
  });
});
