/** The guided tour: each step says what it does, does it, and points at what to watch. */
import type { JSX } from 'preact';
import { type Lab, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { closeStep, openStep, progress, setDone } from './progress.js';
import { type Act, STEPS, type Step } from './steps.js';

export function Guide(): JSX.Element {
  const { open, done } = useValue(progress);
  return (
    <ol class="steps">
      {STEPS.map((step, index) => (
        <li key={step.title} class={done.includes(step.title) ? 'step done' : 'step'}>
          <OneStep step={step} number={index + 1} isOpen={open === step.title} />
        </li>
      ))}
    </ol>
  );
}

interface StepProps {
  readonly step: Step;
  readonly number: number;
  readonly isOpen: boolean;
}

function OneStep({ step, number, isOpen }: StepProps): JSX.Element {
  const { title, about, see } = step;
  return (
    <details
      name="steps"
      open={isOpen}
      onToggle={({ currentTarget: { open } }) => (open ? openStep(title) : closeStep(title))}
    >
      <summary>
        <span class="step-number">{number}</span> {title}
      </summary>
      <p>{about}</p>
      <div class="actions">
        <Acts step={step} />
      </div>
      <p class="see">
        <b>See:</b> {see}
      </p>
    </details>
  );
}

/** The buttons of a step. Where they are a choice, the one that the lab is at is pressed. */
export function Acts({ step }: { readonly step: Step }): JSX.Element {
  const lab = useLab();
  const state = useValue(lab.state);
  const guiding = useValue(lab.guiding);
  return (
    <>
      {step.acts.map((act, index) => {
        const { label, isOn } = act;
        const name = `${label}: ${step.title}`;
        const isPressed = isOn?.(state);
        return (
          <button
            key={label}
            type="button"
            class={(isPressed ?? index === 0) ? 'primary' : undefined}
            aria-pressed={isPressed}
            aria-disabled={guiding !== undefined}
            aria-label={name}
            onClick={() => void run(lab, step, act, name)}
          >
            {guiding === name ? '…' : label}
          </button>
        );
      })}
    </>
  );
}

/** One act at a time: two would mix what they set up. */
async function run(lab: Lab, { title, watch }: Step, act: Act, name: string): Promise<void> {
  if (lab.guiding.get() !== undefined) return;
  lab.guiding.set(name);
  lab.pausedAt.set(undefined);
  lab.pointedAt.set(watch);
  setDone(title, await act.run(lab));
  lab.guiding.set(undefined);
}
