/** A number field that keeps what somebody types until it is entered: the lab says something new all the time. */
import type { InputHTMLAttributes, JSX } from 'preact';
import { useState } from 'preact/hooks';

type Attribute = 'id' | 'class' | 'min' | 'max' | 'step' | 'placeholder' | 'aria-label' | 'aria-describedby';

interface Props extends Pick<InputHTMLAttributes, Attribute> {
  readonly value: number | '';
  readonly enter: (field: HTMLInputElement) => void;
}

export function TypedField({ value, enter, ...attributes }: Props): JSX.Element {
  const [text, write] = useState<string>();
  return (
    <input
      {...attributes}
      type="number"
      value={text ?? value}
      onInput={({ currentTarget }) => write(currentTarget.value)}
      onChange={({ currentTarget }) => {
        enter(currentTarget);
        write(undefined);
      }}
    />
  );
}
