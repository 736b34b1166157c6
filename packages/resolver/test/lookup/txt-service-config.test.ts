import { describe, expect, it } from 'vitest';
import { selectServiceConfig } from '../../src/lookup/txt-service-config.js';

describe('a service config in TXT (gRFC A2)', () => {
  const client = { percentile: 50, hostname: 'Pod-0' };
  const select = (choices: unknown, as = client): unknown =>
    selectServiceConfig(['other=1', `grpc_config=${JSON.stringify(choices)}`], as);
  const mine = { methodConfig: [] };

  it('is the first choice whose criteria all match', () => {
    const choices = [
      { clientLanguage: ['go', 'java'], serviceConfig: {} },
      { percentage: 50, serviceConfig: {} },
      { clientHostname: ['pod-0'], serviceConfig: {} },
      { clientLanguage: ['NODE'], clientHostname: ['Pod-0'], percentage: 51, serviceConfig: mine },
      { serviceConfig: {} },
    ];
    expect(select(choices)).toEqual(mine);
  });

  it('matches everyone with empty or absent criteria', () => {
    expect(select([{ clientLanguage: [], clientHostname: [], serviceConfig: mine }])).toEqual(mine);
  });

  it('reaches no one at 0 percent and everyone at 100', () => {
    expect(select([{ percentage: 0, serviceConfig: mine }], { ...client, percentile: 0 })).toBeNull();
    expect(select([{ percentage: 100, serviceConfig: mine }], { ...client, percentile: 99.999 })).toEqual(
      mine,
    );
  });

  it('is none without a record or without a match', () => {
    expect(selectServiceConfig(['v=spf1 -all'], client)).toBeNull();
    expect(select([{ clientLanguage: ['go'], serviceConfig: {} }])).toBeNull();
    expect(select([])).toBeNull();
  });

  it.each([
    [{}, 'grpc_config must be an array of choices'],
    [[1], 'grpc_config[0] must be an object'],
    [
      [{ serviceConfig: {} }, { serviceConfig: {}, clientLanguages: [] }],
      'grpc_config[1] must be made of the fields',
    ],
    [[{ percentage: 1 }], 'grpc_config[0].serviceConfig must be an object'],
    [
      [{ percentage: 1.5, serviceConfig: {} }],
      'grpc_config[0].percentage must be an integer from 0 to 100, got 1.5',
    ],
    [[{ percentage: '5', serviceConfig: {} }], 'grpc_config[0].percentage must be an integer from 0 to 100'],
    [
      [{ clientLanguage: 'node', serviceConfig: {} }],
      'grpc_config[0].clientLanguage must be an array of strings',
    ],
  ])('%j is discarded as a whole', (choices, message) => {
    expect(() => select(choices)).toThrow(message);
  });
});
