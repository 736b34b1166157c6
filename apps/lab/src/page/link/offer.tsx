/** A link with a setup in it offers to apply that; nothing changes before somebody says so. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { parseObject } from '../config/json.js';
import { policyOf } from '../config/service-config.js';
import { type Lab, useLab } from '../lab/lab.js';
import { percent } from '../look/numbers.js';
import { applySetup } from './apply-setup.js';
import { decode, type ServerSetup, type Setup } from './setup.js';

type Offered = Setup | 'unreadable' | undefined;

function offered(lab: Lab): Offered {
  const text = location.hash.slice(1);
  return text === '' ? undefined : (decode(text, lab.bounds) ?? 'unreadable');
}

export function Offer(): JSX.Element | null {
  const lab = useLab();
  const [setup, setSetup] = useState<Offered>(() => offered(lab));
  useEffect(() => {
    const look = (): void => setSetup(offered(lab));
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, [lab]);
  if (setup === undefined) return null;
  const close = (): void => {
    history.replaceState(undefined, '', location.pathname);
    setSetup(undefined);
  };
  if (setup === 'unreadable')
    return (
      <section class="banner bad" role="alert" aria-label="Setup of the link">
        <p>
          The setup of this link can’t be read: perhaps it was not copied whole, or comes from another edition
          of the lab. Nothing was changed.
        </p>
        <button type="button" onClick={close}>
          Close
        </button>
      </section>
    );
  const apply = async (): Promise<void> => {
    if (!(await applySetup(lab, setup))) return;
    lab.replaceDraft(undefined);
    close();
  };
  return (
    <section class="banner" aria-label="Setup of the link">
      <div>
        The link has a setup in it: {described(setup)}. Applying it replaces what the lab does now.
        <details>
          <summary>Its service config</summary>
          <pre>{setup.serviceConfig}</pre>
        </details>
      </div>
      <button type="button" class="primary" onClick={() => void apply()}>
        Apply
      </button>
      <button type="button" onClick={close}>
        Leave it
      </button>
    </section>
  );
}

function described({ serviceConfig, load, servers }: Setup): string {
  const policy = policyOf(parseObject(serviceConfig)?.loadBalancingConfig, () => true)?.name ?? 'no policy';
  const special = servers.map(particulars).filter(Boolean);
  const parts = [
    policy,
    `${load.rate} ${load.kind === 'streams' ? 'streams' : 'RPCs'} a second`,
    `${servers.length} ${servers.length === 1 ? 'server' : 'servers'}`,
  ];
  return [parts.join(', '), ...special].join('; ');
}

function particulars(server: ServerSetup, index: number): string {
  const { isStopped, healthy, delayMs, errorRate } = server;
  const traits = [
    isStopped && 'stopped',
    !healthy && 'not healthy',
    delayMs > 0 && `${delayMs} ms slow`,
    errorRate > 0 && `${percent(errorRate)} errors`,
  ].filter(Boolean);
  return traits.length === 0 ? '' : `server ${index + 1}: ${traits.join(' and ')}`;
}
