/** The service config: a form, the JSON beside it, what the checker finds as one types, and the button that applies it. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { ShareLink } from '../link/share-link.js';
import { PoliciesInput } from './field-input.js';
import { Findings, useChecked } from './findings.js';
import { format, type JsonObject, parseObject, withField } from './json.js';
import { checksHealth, withHealthChecks } from './service-config.js';

export function Editor(): JSX.Element {
  const lab = useLab();
  const state = useValue(lab.state);
  const draft = useValue(lab.draft);
  const area = useRef<HTMLTextAreaElement>(null);
  const applied = state.client.serviceConfig;
  const text = draft ?? pretty(applied);
  const config = parseObject(text);
  const checked = useChecked(text);
  const isChanged = draft !== undefined && !isSame(draft, applied);

  const write = (next: JsonObject): void => lab.draft.set(format(next));
  const apply = async (): Promise<void> => {
    if (await lab.act({ do: 'set-service-config', json: text })) lab.draft.set(undefined);
  };
  return (
    <div class="editor">
      {config === undefined ? (
        <p class="hint">The form comes back when the text below is a JSON object.</p>
      ) : (
        <>
          <PoliciesInput
            name="loadBalancingConfig"
            list={config.loadBalancingConfig}
            set={(list) => write(withField(config, 'loadBalancingConfig', list))}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={checksHealth(config)}
              onChange={(event) => write(withHealthChecks(config, event.currentTarget.checked))}
            />{' '}
            healthCheckConfig: ask each server for its health
          </label>
        </>
      )}
      <label class="json-label" for="service-config">
        Service config, as JSON
      </label>
      <textarea
        id="service-config"
        ref={area}
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

function pretty(json: string): string {
  const config = parseObject(json);
  return config === undefined ? json : format(config);
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [parseObject(one), parseObject(other)];
  return a === undefined || b === undefined ? one === other : JSON.stringify(a) === JSON.stringify(b);
}
