/** What the checker says of the service config that somebody is typing. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Checked } from '../../protocol.js';
import { ended } from '../../sentence.js';
import { useLab } from '../lab/lab.js';
import { Breakable } from '../look/breakable.js';

/** A pause in the typing. */
const PAUSE_MS = 200;

/** The findings for a text; `none` if the lab did not answer. Undefined until there is an answer for this very text. */
export function useChecked(text: string): Checked | 'none' | undefined {
  const lab = useLab();
  const [checked, setChecked] = useState<{ readonly text: string; readonly answer: Checked | 'none' }>();
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const answer = await lab.connection.check(text).catch(() => 'none' as const);
      if (isCurrent) setChecked({ text, answer });
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [lab, text]);
  return checked?.text === text ? checked.answer : undefined;
}

const MEANING = { error: 'Error', mendable: 'Warning', note: 'Note' } as const;

export function Findings({ checked }: { readonly checked: Checked | undefined }): JSX.Element {
  const findings = checked?.findings ?? [];
  return (
    <div id="findings" class="findings" role="status" aria-label="What the checker finds">
      {checked?.syntaxError !== undefined && (
        <p class="finding error">
          <b>Not JSON</b> {ended(checked.syntaxError)}
        </p>
      )}
      {findings.map(({ path, happens, instead, severity }) => (
        <p key={`${path} ${instead}`} class={`finding ${severity}`}>
          <b>{MEANING[severity]}</b>{' '}
          <code>
            <Breakable name={path || 'config'} />
          </code>{' '}
          {ended(instead)} <span>If applied: {ended(happens)}</span>
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
