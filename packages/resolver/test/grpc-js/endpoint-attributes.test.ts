/** Fact R23: attributes travel on grpc-js's own endpoints, from a resolver through its parents to the policy. */
import { experimental } from '@grpc/grpc-js';
import { attributesOf, sameAttributes, withAttributes } from '@petiole/service-config/internal';
import { openClient } from '@petiole/test-kit/clients';
import { expect, test } from 'vitest';
import type { ResolverClass } from '../../src/grpc-js/registration.js';

const POLICY = 'fact_attributes';
const ENDPOINT = { addresses: [{ host: '127.0.0.1', port: 1 }] };

/** A policy that only notes the endpoints which it is given. */
function notingPolicy(): experimental.Endpoint[][] {
  const noted: experimental.Endpoint[][] = [];
  class Noting implements experimental.LoadBalancer {
    updateAddressList(endpoints: experimental.StatusOr<experimental.Endpoint[]>): boolean {
      if (endpoints.ok) noted.push(endpoints.value);
      return true;
    }
    exitIdle(): void {}
    resetBackoff(): void {}
    destroy(): void {}
    getTypeName(): string {
      return POLICY;
    }
  }
  class Config implements experimental.TypedLoadBalancingConfig {
    getLoadBalancerName(): string {
      return POLICY;
    }
    toJsonObject(): object {
      return { [POLICY]: {} };
    }
    static createFromJson(): Config {
      return new Config();
    }
  }
  experimental.registerLoadBalancerType(POLICY, Noting, Config);
  return noted;
}

test('attributes reach the policy through outlier_detection, on the very object that the resolver made', () => {
  const noted = notingPolicy();
  const endpoints = [withAttributes(ENDPOINT, { zone: 'a', weight: 3 }), { ...ENDPOINT }];
  let listener: experimental.ResolverListener | undefined;
  const resolverClass: ResolverClass = class implements experimental.Resolver {
    constructor(...[, given]: ConstructorParameters<ResolverClass>) {
      listener = given;
    }
    updateResolution(): void {}
    destroy(): void {}
    static getDefaultAuthority(): string {
      return 'attributes';
    }
  };
  experimental.registerResolver('fact-attributes', resolverClass);
  const detecting = { outlier_detection: { child_policy: [{ [POLICY]: {} }] } };
  const client = openClient('fact-attributes:x', {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [detecting] }),
  });
  client.getChannel().getConnectivityState(true);
  listener?.(experimental.statusOrFromValue(endpoints), {}, null, '');
  expect(noted[0]?.[0]).toBe(endpoints[0]);
  expect(noted[0]?.map(attributesOf)).toEqual([{ zone: 'a', weight: 3 }, {}]);
});

test('attributes survive a copy of the endpoint, and are compared by what they say', () => {
  const one = withAttributes(ENDPOINT, { zone: 'a', hints: ['b', 'c'] });
  expect(attributesOf({ ...one })).toEqual({ zone: 'a', hints: ['b', 'c'] });
  expect(sameAttributes(one, withAttributes(ENDPOINT, { hints: ['b', 'c'], zone: 'a' }))).toBe(true);
  expect(sameAttributes(one, withAttributes(ENDPOINT, { zone: 'a', hints: ['c', 'b'] }))).toBe(false);
  expect(sameAttributes(ENDPOINT, withAttributes(one, {}))).toBe(true);
  expect(attributesOf(withAttributes(one, {}))).toEqual({});
});
