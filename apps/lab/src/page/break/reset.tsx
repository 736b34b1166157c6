/** Sets the whole lab back to how it began; and undoes that, for who pressed the wrong button. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLab } from '../lab/lab.js';
import { applySetup } from '../link/apply-setup.js';
import { type Setup, setupOf } from '../link/setup.js';

export function Reset(): JSX.Element {
  const lab = useLab();
  const [before, setBefore] = useState<Setup>();
  const reset = async (): Promise<void> => {
    const setup = setupOf(lab.state.get());
    if (await lab.act({ do: 'reset' })) setBefore(setup);
  };
  const undo = async (): Promise<void> => {
    if (before !== undefined && (await applySetup(lab, before))) setBefore(undefined);
  };
  return (
    <div class="actions reset">
      <button type="button" onClick={() => void reset()}>
        Reset the lab
      </button>
      {before !== undefined && (
        <button type="button" onClick={() => void undo()}>
          Undo
        </button>
      )}
      <span class="hint" role="status">
        {before === undefined
          ? 'Servers, client and policy as at the start.'
          : 'All is as at the start. Undo brings back what was set before.'}
      </span>
    </div>
  );
}
