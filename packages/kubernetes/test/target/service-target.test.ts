import { TargetError } from '@petiole/resolver';
import { describe, expect, it } from 'vitest';
import { parseServiceTarget } from '../../src/target/service-target.js';

const parse = (path: string, authority = '') => parseServiceTarget({ path, authority });

describe('a target', () => {
  it('names a service, and perhaps its namespace, with a port by number or name', () => {
    expect(parse('echo:50051')).toEqual({
      context: undefined,
      service: 'echo',
      namespace: undefined,
      port: 50051,
    });
    expect(parse('echo.prod:grpc')).toEqual({
      context: undefined,
      service: 'echo',
      namespace: 'prod',
      port: 'grpc',
    });
  });

  it('may name a context of the kubeconfig, with escapes for the slashes in it', () => {
    expect(parse('echo:1', 'kind-dev').context).toBe('kind-dev');
    expect(parse('echo:1', 'arn:aws:eks:eu-west-1:1:cluster%2Fprod').context).toBe(
      'arn:aws:eks:eu-west-1:1:cluster/prod',
    );
  });

  it.each([
    ['echo', '"echo" must be SERVICE:PORT with one colon'],
    ['echo:1:2', '"echo:1:2" must be SERVICE:PORT with one colon'],
    [
      'echo.default.svc.cluster.local:1',
      '"echo.default.svc.cluster.local" has more than a service and a namespace',
    ],
    ['Echo:1', 'has the service "Echo"'],
    [':1', 'has the service ""'],
    ['echo.:1', 'has the namespace ""'],
    ['echo.a/b:1', 'has the namespace "a/b"'],
    ['echo.-a:1', 'has the namespace "-a"'],
    [`${'x'.repeat(64)}:1`, 'has the service "xxx'],
    ['echo:0', 'has the port "0"'],
    ['echo:65536', 'has the port "65536"'],
    ['echo:', 'has the port ""'],
    ['echo:GRPC', 'has the port "GRPC"'],
  ])('%s is refused with the part that is wrong', (path, message) => {
    expect(() => parse(path)).toThrow(TargetError);
    expect(() => parse(path)).toThrow(message);
  });

  it('is refused with a context that has half an escape', () => {
    expect(() => parse('echo:1', 'a%2')).toThrow('"a%2" is no context');
  });
});
