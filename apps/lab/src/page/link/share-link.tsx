/** Copies a link that has the setup of the lab in it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLab } from '../lab/lab.js';
import { encode, setupOf } from './setup.js';

export function ShareLink(): JSX.Element {
  const lab = useLab();
  const [said, say] = useState('');
  const copy = async (): Promise<void> => {
    const { client, ...state } = lab.state.get();
    const serviceConfig = lab.draft.get() ?? client.serviceConfig;
    const hash = `#${encode(setupOf({ ...state, client: { ...client, serviceConfig } }))}`;
    history.replaceState(undefined, '', hash);
    const copied = await navigator.clipboard.writeText(location.href).then(
      () => true,
      () => false,
    );
    say(copied ? 'Copied.' : 'It is in the address bar.');
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        Copy as link
      </button>
      <span class="hint" role="status">
        {said}
      </span>
    </>
  );
}
