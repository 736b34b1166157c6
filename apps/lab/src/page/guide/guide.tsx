/** The guided tour: each step says what it does, does it, and points at what to watch. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLab } from '../lab/lab.js';
import { type Act, STEPS, type Step } from './steps.js';

export function Guide(): JSX.Element {
  return (
    <ol class="steps">
      {STEPS.map((step, index) => (
        <OneStep key={step.title} step={step} number={index + 1} />
      ))}
    </ol>
  );
}

function OneStep({ step, number }: { readonly step: Step; readonly number: number }): JSX.Element {
  const lab = useLab();
  const [doing, setDoing] = useState<string>();
  const [isDone, setDone] = useState(false);
  const run = async ({ label, run: act }: Act): Promise<void> => {
    setDoing(label);
    lab.pausedAt.set(undefined);
    lab.pointedAt.set(step.watch);
    setDone(await act(lab));
    setDoing(undefined);
  };
  return (
    <li class={isDone ? 'step done' : 'step'}>
      <details name="steps" open={number === 1}>
        <summary>
          <span class="step-number">{number}</span> {step.title}
        </summary>
        <p>{step.about}</p>
        <div class="actions">
          {step.acts.map((act, index) => (
            <button
              key={act.label}
              type="button"
              class={index === 0 ? 'primary' : undefined}
              disabled={doing !== undefined}
              aria-label={`${act.label}: ${step.title}`}
              onClick={() => void run(act)}
            >
              {doing === act.label ? '…' : act.label}
            </button>
          ))}
        </div>
        <p class="see">
          <b>See:</b> {step.see}
        </p>
      </details>
    </li>
  );
}
