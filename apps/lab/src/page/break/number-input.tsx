/** A slider and a number for one setting. It is sent when the hand rests, and shows what the lab says when it does not. */
import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { Bound } from '../../protocol.js';
import { TypedField } from './typed-field.js';

interface Props {
  /** What a screen reader hears. */
  readonly label: string;
  readonly caption: string;
  readonly unit: string;
  readonly value: number;
  readonly bound: Bound;
  readonly step?: number;
  /** `fine`: small values are those that matter, and have most of the slider. */
  readonly scale: 'linear' | 'fine';
  /** What there is to say of a value, if anything. */
  readonly remark?: (value: number) => string | undefined;
  readonly set: (value: number) => void;
}

const RESTS_MS = 150;

export function NumberInput(props: Props): JSX.Element {
  const { label, caption, unit, value, bound, step = 1, scale, remark, set } = props;
  const id = useId();
  const [typed, type] = useState<number>();
  /** What was typed and is not allowed, until something else is. */
  const [refused, refuse] = useState<string>();
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
  const change = (input: HTMLInputElement): void => {
    const number = input.valueAsNumber;
    const isAllowed = number >= bound.min && number <= bound.max;
    refuse(isAllowed ? undefined : `Allowed is ${bound.min} to ${bound.max}${unit && ` ${unit}`}.`);
    if (isAllowed) type(number);
  };
  const said = refused ?? remark?.(shown);
  return (
    <div class="setting">
      <label for={id}>{caption}</label>
      <input
        type="range"
        aria-label={`${label}, slider`}
        min={0}
        max={1}
        step={0.005}
        value={toSlider(shown, bound, POWER[scale])}
        aria-valuetext={`${shown} ${unit}`}
        onInput={({ currentTarget }) => {
          refuse(undefined);
          type(clamp(rounded(fromSlider(Number(currentTarget.value), bound, POWER[scale]), step)));
        }}
      />
      <TypedField
        id={id}
        aria-label={label}
        aria-describedby={`${id}-said`}
        min={bound.min}
        max={bound.max}
        step={step}
        value={shown}
        enter={change}
      />
      <span class="unit">{unit}</span>
      <span id={`${id}-said`} class="said" role="status">
        {said}
      </span>
    </div>
  );
}

const POWER = { linear: 1, fine: 3 } as const;

function toSlider(value: number, { min, max }: Bound, power: number): number {
  return ((value - min) / (max - min)) ** (1 / power);
}

function fromSlider(part: number, { min, max }: Bound, power: number): number {
  return min + part ** power * (max - min);
}

/** To whole steps, and above a hundred of them to two digits. */
function rounded(value: number, step: number): number {
  const steps = Math.round(value / step);
  const coarse = steps > 100 ? Number(steps.toPrecision(2)) : steps;
  return Number((coarse * step).toPrecision(6));
}
