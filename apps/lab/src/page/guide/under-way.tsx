/** On a narrow page: the step that the guide is at, with its buttons, while one looks at what it points at. */
import type { JSX } from 'preact';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Acts } from './guide.js';
import { progress } from './progress.js';
import { STEPS } from './steps.js';

export function UnderWay(): JSX.Element | null {
  const lab = useLab();
  const parts = useValue(lab.pointedAt);
  const { open } = useValue(progress);
  const step = STEPS.find(({ title }) => title === open);
  if (parts.length === 0 || step === undefined) return null;
  return (
    <section class="under-way" aria-label="The step under way">
      <p>
        <b>{step.title}</b> {step.see}
      </p>
      <div class="actions">
        <Acts step={step} />
        <button type="button" onClick={() => lab.pointedAt.set([])}>
          Close
        </button>
      </div>
    </section>
  );
}
