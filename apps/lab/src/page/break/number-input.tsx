/** A slider and a number for one setting. It is sent when the hand rests, and shows what the lab says when it does not. */
import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { Bound } from '../../protocol.js';

interface Props {
  /** What a screen reader hears. */
  readonly label: string;
  readonly caption: string;
  readonly unit: string;
  readonly value: number;
  readonly bound: Bound;
  readonly step?: number;
  readonly set: (value: number) => void;
}

const RESTS_MS = 150;

export function NumberInput({ label, caption, unit, value, bound, step = 1, set }: Props): JSX.Element {
  const id = useId();
  const [typed, type] = useState<number>();
  useEffect(() => {
    if (typed === undefined) return;
    const timer = setTimeout(() => {
      set(typed);
      type(undefined);
    }, RESTS_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const shown = typed ?? value;
  const clamp = (number: number): number => Math.min(bound.max, Math.max(bound.min, number));
  const change = (text: string): void => {
    const number = Number.parseFloat(text);
    if (Number.isFinite(number)) type(clamp(number));
  };
  return (
    <div class="setting">
      <label for={id}>{caption}</label>
      {/* Small values are those that matter: the slider's middle is far below the middle of what is allowed. */}
      <input
        type="range"
        aria-label={`${label}, slider`}
        min={0}
        max={1}
        step={0.005}
        value={toSlider(shown, bound)}
        aria-valuetext={`${shown} ${unit}`}
        onInput={(event) => type(clamp(rounded(fromSlider(Number(event.currentTarget.value), bound), step)))}
      />
      <input
        id={id}
        type="number"
        aria-label={label}
        min={bound.min}
        max={bound.max}
        step={step}
        value={shown}
        onChange={(event) => change(event.currentTarget.value)}
      />
      <span class="unit">{unit}</span>
    </div>
  );
}

function toSlider(value: number, { min, max }: Bound): number {
  return Math.cbrt((value - min) / (max - min));
}

function fromSlider(part: number, { min, max }: Bound): number {
  return min + part ** 3 * (max - min);
}

/** To whole steps, and above a hundred of them to two digits. */
function rounded(value: number, step: number): number {
  const steps = Math.round(value / step);
  const coarse = steps > 100 ? Number(steps.toPrecision(2)) : steps;
  return Number((coarse * step).toPrecision(6));
}
