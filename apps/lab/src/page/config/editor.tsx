/** The service config: a form, the JSON beside it, what the checker finds as one types, and the button that applies it. */
import type { JSX } from 'preact';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { ShareLink } from '../link/share-link.js';
import { PoliciesInput } from './field-input.js';
import { Findings, useChecked } from './findings.js';
import { format, type JsonObject, parseObject, withField } from './json.js';
import { canCheckHealth, checksHealth, withHealthChecks } from './service-config.js';

export function Editor(): JSX.Element {
  const lab = useLab();
  const state = useValue(lab.state);
  const draft = useValue(lab.draft);
  const applied = state.client.serviceConfig;
  const text = draft ?? pretty(applied);
  const config = parseObject(text);
  const checked = useChecked(text);
  const isChanged = draft !== undefined && !isSame(draft, applied);

  const apply = async (): Promise<void> => {
    if (await lab.act({ do: 'set-service-config', json: text })) lab.draft.set(undefined);
  };
  return (
    <div class="editor">
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
        onInput={(event) => lab.draft.set(event.currentTarget.value)}
        aria-describedby="findings"
        spellcheck={false}
        autocomplete="off"
      />
      <Findings checked={checked} />
      <div class="actions">
        <button type="button" class="primary" disabled={!isChanged} onClick={() => void apply()}>
          Apply
        </button>
        <button type="button" disabled={draft === undefined} onClick={() => lab.draft.set(undefined)}>
          Discard
        </button>
        <ShareLink />
      </div>
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
    lab.draft.set(format(hasHealthChecks ? next : withHealthChecks(next, false)));
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

function isSame(one: string, other: string): boolean {
  const [a, b] = [parseObject(one), parseObject(other)];
  return a === undefined || b === undefined ? one === other : JSON.stringify(a) === JSON.stringify(b);
}
