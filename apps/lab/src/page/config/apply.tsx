/** Applies what stands in the editor, or discards it; and says beside the buttons what came of it, or why it can't be. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Checked } from '../../protocol.js';
import { ended } from '../../sentence.js';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { parseObject } from './json.js';

type Outcome = { readonly kind: 'applied' } | { readonly kind: 'refused'; readonly why: string };

export function Apply({ checked }: { readonly checked: Checked | 'none' | undefined }): JSX.Element {
  const lab = useLab();
  const { client } = useValue(lab.state);
  const draft = useValue(lab.draft);
  const [outcome, setOutcome] = useState<Outcome>();
  // It is about the text that was applied: another one begins anew.
  useEffect(() => {
    if (draft !== undefined) setOutcome(undefined);
  }, [draft]);
  const isChanged = draft !== undefined && !isSame(draft.text, client.serviceConfig);
  const obstacle = isChanged ? obstacleIn(checked) : 'The client has this service config.';

  const apply = async (): Promise<void> => {
    if (draft === undefined || obstacle !== undefined) return;
    const why = await lab.attempt({ do: 'set-service-config', json: draft.text });
    if (why === undefined) lab.draft.set(undefined);
    setOutcome(why === undefined ? { kind: 'applied' } : { kind: 'refused', why });
  };
  return (
    <div class="actions apply">
      <button
        type="button"
        class="primary"
        aria-disabled={obstacle !== undefined}
        aria-describedby="apply-says"
        onClick={() => void apply()}
      >
        Apply
      </button>
      <button
        type="button"
        disabled={draft === undefined}
        onClick={() => {
          lab.draft.set(undefined);
          setOutcome(undefined);
        }}
      >
        Discard
      </button>
      <p id="apply-says" class="hint">
        {outcome === undefined && (obstacle ?? `Not applied yet: the client uses ${client.policy}.`)}
      </p>
      <p role="status" class={outcome?.kind === 'refused' ? 'bad' : undefined}>
        {outcome?.kind === 'applied' && `Applied: the client uses ${client.policy}.`}
        {outcome?.kind === 'refused' && `Not applied: ${ended(outcome.why)}`}
      </p>
    </div>
  );
}

/** Undefined: nothing that the page knows of. */
function obstacleIn(checked: Checked | 'none' | undefined): string | undefined {
  if (checked === undefined) return 'Being checked …';
  if (checked === 'none') return undefined;
  if (checked.syntaxError !== undefined) return 'It can’t be applied: it is not JSON.';
  const errors = checked.findings.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return undefined;
  return `It can’t be applied: the checker finds ${errors === 1 ? 'an error' : `${errors} errors`}.`;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [parseObject(one), parseObject(other)];
  return a === undefined || b === undefined ? one === other : JSON.stringify(a) === JSON.stringify(b);
}
