/** What the checker says of the service config that somebody is typing. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Checked } from '../../protocol.js';
import { useLab } from '../lab/lab.js';

/** A pause in the typing. */
const PAUSE_MS = 200;

/** Undefined until there is an answer. */
export function useChecked(text: string): Checked | undefined {
  const lab = useLab();
  const [checked, setChecked] = useState<Checked>();
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const answer = await lab.connection.check(text).catch(() => undefined);
      if (isCurrent) setChecked(answer);
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [lab, text]);
  return checked;
}

const MEANING = { error: 'Error', mendable: 'Mended', note: 'Note' } as const;

export function Findings({ checked }: { readonly checked: Checked | undefined }): JSX.Element {
  const findings = checked?.findings ?? [];
  return (
    <div id="findings" class="findings" role="status" aria-label="What the checker finds">
      {checked?.syntaxError !== undefined && (
        <p class="finding error">
          <b>No JSON</b> {checked.syntaxError}
        </p>
      )}
      {findings.map(({ path, happens, instead, severity }) => (
        <p key={`${path} ${instead}`} class={`finding ${severity}`}>
          <b>{MEANING[severity]}</b> <code>{path || 'config'}</code> {instead}. <span>{happens}.</span>
        </p>
      ))}
      {checked !== undefined && checked.syntaxError === undefined && findings.length === 0 && (
        <p class="finding fine">
          <b>✓</b> The checker finds nothing.
        </p>
      )}
    </div>
  );
}
