/** Forms for policies and the fields of their configs, made of the rows of the table that checks service configs. */
import type { FieldDescription } from '@petiole/service-config';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { useLab } from '../lab/lab.js';
import { isObject, type Json, withField } from './json.js';
import { policyList, policyOf } from './service-config.js';

export interface FieldProps {
  readonly name: string;
  readonly about: FieldDescription;
  /** Undefined: not there. */
  readonly value: Json | undefined;
  /** Undefined takes the field away. */
  readonly set: (value: Json | undefined) => void;
}

export function FieldInput(props: FieldProps): JSX.Element {
  switch (props.about.type) {
    case 'boolean':
      return <BooleanInput {...props} />;
    case 'list':
      return <ListInput {...props} />;
    case 'object':
      return <ObjectInput {...props} />;
    case 'policies':
      return <PoliciesInput name={props.name} list={props.value} set={props.set} />;
    default:
      return <TextInput {...props} />;
  }
}

interface PoliciesProps {
  /** What the list of policies is called. */
  readonly name: string;
  readonly list: Json | undefined;
  readonly set: (list: Json) => void;
}

/** A policy and its options, and the policies below it. */
export function PoliciesInput({ name, list, set }: PoliciesProps): JSX.Element {
  const { policies } = useLab();
  const id = useId();
  const chosen = policyOf(list, (known) => policies.some((policy) => policy.name === known));
  const row = policies.find((policy) => policy.name === chosen?.name);
  const options = (isGrpcJs: boolean): JSX.Element[] =>
    policies
      .filter((policy) => policy.isGrpcJs === isGrpcJs)
      .map((policy) => <option key={policy.name}>{policy.name}</option>);
  return (
    <fieldset class="policy">
      <legend>{name}</legend>
      <div class="field">
        <label for={id}>policy</label>
        <select
          id={id}
          value={row?.name ?? ''}
          onChange={(event) => set(policyList({ name: event.currentTarget.value, config: {} }))}
        >
          {row === undefined && <option value="">{chosen?.name ?? 'none'}</option>}
          <optgroup label="Petiole">{options(false)}</optgroup>
          <optgroup label="grpc-js">{options(true)}</optgroup>
        </select>
      </div>
      {row !== undefined &&
        chosen !== undefined &&
        Object.entries(row.fields).map(([field, about]) => (
          <FieldInput
            key={`${row.name}.${field}`}
            name={field}
            about={about}
            value={chosen.config[field]}
            set={(value) =>
              set(policyList({ name: row.name, config: withField(chosen.config, field, value) }))
            }
          />
        ))}
      {row !== undefined && Object.keys(row.fields).length === 0 && <p class="hint">No options.</p>}
    </fieldset>
  );
}

/** Numbers, Durations and texts. An empty one is a field that is not there. */
function TextInput({ name, about, value, set }: FieldProps): JSX.Element {
  const id = useId();
  const isNumber = about.type === 'integer' || about.type === 'number';
  const written = (text: string): Json | undefined => {
    if (text === '') return undefined;
    return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  return (
    <div class="field">
      <label for={id}>{name}</label>
      <input
        id={id}
        {...(isNumber ? { type: 'number' } : {})}
        step={about.type === 'integer' ? 1 : 'any'}
        min={isNumber ? String(about.min ?? '') : undefined}
        max={isNumber ? String(about.max ?? '') : undefined}
        placeholder={placeholder(about)}
        value={
          value === undefined || value === null ? '' : isObject(value) ? JSON.stringify(value) : String(value)
        }
        onInput={(event) => set(written(event.currentTarget.value))}
        aria-describedby={`${id}-about`}
        autocomplete="off"
        spellcheck={false}
      />
      <About id={`${id}-about`} about={about} />
    </div>
  );
}

function BooleanInput({ name, about, value, set }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{name}</label>
      <input
        id={id}
        type="checkbox"
        checked={(value ?? about.default) === true}
        onChange={(event) =>
          set(event.currentTarget.checked === about.default ? undefined : event.currentTarget.checked)
        }
        aria-describedby={`${id}-about`}
      />
      <About id={`${id}-about`} about={about} />
    </div>
  );
}

function ListInput({ name, about, value, set }: FieldProps): JSX.Element {
  const elements = Array.isArray(value) ? (value as readonly Json[]) : [];
  const element: FieldDescription = about.elements ?? { type: 'string' };
  const replaced = (index: number, by: readonly Json[]): readonly Json[] | undefined => {
    const list = [...elements.slice(0, index), ...by, ...elements.slice(index + 1)];
    return list.length > 0 ? list : undefined;
  };
  return (
    <fieldset class="field nested">
      <legend>{name}</legend>
      <About about={about} />
      {elements.map((item, index) => (
        <div class="element" key={String(index)}>
          <FieldInput
            name={`${name} ${index + 1}`}
            about={element}
            value={item}
            set={(next) => set(replaced(index, [next ?? empty(element)]))}
          />
          <button
            type="button"
            onClick={() => set(replaced(index, []))}
            aria-label={`Remove ${name} ${index + 1}`}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" onClick={() => set([...elements, empty(element)])}>
        Add to {name}
      </button>
    </fieldset>
  );
}

function ObjectInput({ name, about, value, set }: FieldProps): JSX.Element {
  const object = isObject(value) ? value : undefined;
  return (
    <fieldset class={object === undefined ? 'field nested absent' : 'field nested'}>
      <legend>
        <label>
          <input
            type="checkbox"
            checked={object !== undefined}
            onChange={(event) => set(event.currentTarget.checked ? {} : undefined)}
          />{' '}
          {name}
        </label>
      </legend>
      <About about={about} />
      {object !== undefined &&
        Object.entries(about.fields ?? {}).map(([field, row]) => (
          <FieldInput
            key={field}
            name={field}
            about={row}
            value={object[field]}
            set={(next) => set(withField(object, field, next))}
          />
        ))}
    </fieldset>
  );
}

function About({ about, id }: { readonly about: FieldDescription; readonly id?: string }): JSX.Element {
  return (
    <small class="about" id={id}>
      {[about.description, range(about)].filter(Boolean).join(' ')}
    </small>
  );
}

function range({ min, max, type }: FieldDescription): string {
  if (type === 'list' || type === 'object') return '';
  if (min === undefined && max === undefined) return '';
  if (min === undefined || max === undefined)
    return min === undefined ? `At most ${String(max)}.` : `At least ${String(min)}.`;
  return `From ${String(min)} to ${String(max)}.`;
}

function placeholder(about: FieldDescription): string {
  if (about.default !== undefined) return String(about.default);
  return about.type === 'duration' ? 'such as 1.5s' : '';
}

function empty(about: FieldDescription): Json {
  switch (about.type) {
    case 'integer':
    case 'number':
      return Number(about.default ?? about.min ?? 0);
    case 'boolean':
      return false;
    case 'list':
    case 'policies':
      return [];
    case 'object':
      return {};
    case 'duration':
      return String(about.default ?? about.min ?? '1s');
    case 'string':
      return '';
  }
}
