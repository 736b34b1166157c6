/**
 * Policies in the form of the first edition, `parseConfig` and `update`, from JavaScript that was written against it. No
 * type has it, no manual tells of it, and it goes before the first release.
 */
import type { experimental } from '@grpc/grpc-js';
import type { Fields } from '@petiole/service-config';
import { declareFields } from '@petiole/service-config/internal';
import { PolicyInstance } from './instance.js';
import { type Policy, policyObject } from './policy-object.js';
import type { PolicyDefinition, PolicyView } from './view.js';

interface FirstEdition {
  readonly name: string;
  parseConfig(json: unknown): object;
  /** Its view has `ready` as a function. */
  update(view: object): experimental.Picker | undefined;
}

export function isFirstEdition(definition: unknown): definition is FirstEdition {
  const { parseConfig, update } = (definition ?? {}) as Partial<FirstEdition>;
  return typeof parseConfig === 'function' && typeof update === 'function';
}

/** What `definePolicy` gives for it. */
export function firstEditionPolicy(edition: FirstEdition): Policy {
  const { name } = edition;
  const definition: PolicyDefinition<Fields, unknown, unknown> = Object.assign(Object.create(edition), {
    name,
    createPicker: (_: unknown, view: PolicyView<unknown, unknown, unknown>) =>
      edition.update(Object.create(view, { ready: { value: () => view.ready } })),
  });
  const policy = policyObject([name], PolicyInstance.bind(null, definition), {
    ...declareFields(name, {}),
    parse: (json) => edition.parseConfig(json),
    write: (json) => ({ [name]: json }),
  });
  return Object.assign(policy, { config: policy });
}
