/** The service config: a form, the JSON beside it, what the checker finds as one types, and the button that applies it. */
import type { JSX } from 'preact';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Apply } from './apply.js';
import { PoliciesInput } from './field-input.js';
import { Findings, useChecked } from './findings.js';
import { format, type JsonObject, parseObject, withField } from './json.js';
import { canCheckHealth, checksHealth, withHealthChecks } from './service-config.js';

export function Editor(): JSX.Element {
  const lab = useLab();
  const state = useValue(lab.state);
  const draft = useValue(lab.draft);
  const text = draft?.text ?? pretty(state.client.serviceConfig);
  const config = parseObject(text);
  const checked = useChecked(text);
  return (
    <div class="editor">
      <PutAside />
      {config === undefined ? (
        <p class="hint">The form comes back when the text below is a JSON object.</p>
      ) : (
        <Form config={config} />
      )}
      <label class="json-label" for="service-config">
        Service config, as JSON
      </label>
      <textarea
        id="service-config"
        class="json"
        rows={Math.min(18, Math.max(6, text.split('\n').length))}
        value={text}
        onInput={({ currentTarget: { value } }) => lab.draft.set({ text: value, by: 'hand' })}
        aria-describedby="findings"
        spellcheck={false}
        autocomplete="off"
      />
      <Findings checked={checked === 'none' ? undefined : checked} />
      <Apply checked={checked} />
    </div>
  );
}

/** Says that a draft gave way to the guide or to a link, and gives it back. */
function PutAside(): JSX.Element | null {
  const lab = useLab();
  const aside = useValue(lab.putAside);
  if (aside === undefined) return null;
  const takeBack = (): void => {
    lab.putAside.set(undefined);
    lab.replaceDraft(aside);
  };
  return (
    <div class="actions note" role="status">
      <span>What you wrote here was put aside.</span>
      <button type="button" onClick={takeBack}>
        Take it back
      </button>
      <button type="button" onClick={() => lab.putAside.set(undefined)}>
        Forget it
      </button>
    </div>
  );
}

/** The same as the JSON below it, as far as there are controls for it. */
function Form({ config }: { readonly config: JsonObject }): JSX.Element {
  const lab = useLab();
  const policies = config.loadBalancingConfig;
  const can = canCheckHealth(lab.policies, policies);
  const write = (next: JsonObject): void => {
    const hasHealthChecks = checksHealth(next) && canCheckHealth(lab.policies, next.loadBalancingConfig);
    const written = hasHealthChecks ? next : withHealthChecks(next, false);
    lab.draft.set({ text: format(written), by: 'hand' });
  };
  return (
    <>
      <PoliciesInput
        name="loadBalancingConfig"
        list={policies}
        set={(list) => write(withField(config, 'loadBalancingConfig', list))}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={checksHealth(config)}
          disabled={!can}
          onChange={(event) => write(withHealthChecks(config, event.currentTarget.checked))}
        />{' '}
        {can ? 'ask each server for its health' : 'grpc-js’s own policies check no health'}
      </label>
    </>
  );
}

function pretty(json: string): string {
  const config = parseObject(json);
  return config === undefined ? json : format(config);
}
