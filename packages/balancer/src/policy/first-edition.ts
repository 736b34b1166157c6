/**
 * Policies in the form of the first edition, `parseConfig` and `update`, from JavaScript that was written against it. No
 * type has it, no manual tells of it, and it goes before the first release.
 */
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import { declareFields } from '@petiole/service-config/internal';
import type { EndpointHooks } from '../endpoints/endpoint.js';
import { policyConfigType } from './config.js';
import { PolicyInstance } from './instance.js';
import { registerPolicy } from './registry.js';
import type { PolicyView } from './view.js';

interface FirstEdition extends EndpointHooks<unknown> {
  readonly name: string;
  parseConfig(json: Readonly<Record<string, unknown>>): unknown;
  createMemory?(): unknown;
  /** Its view has `ready` as a function. */
  update(view: object): experimental.Picker | undefined;
}

interface FirstEditionPolicy {
  (config?: object): LoadBalancingConfig;
  readonly name: string;
  register(): void;
}

export function isFirstEdition(definition: unknown): definition is FirstEdition {
  const { parseConfig, update } = (definition ?? {}) as Partial<FirstEdition>;
  return typeof parseConfig === 'function' && typeof update === 'function';
}

/** What `definePolicy` gives for it. */
export function firstEditionPolicy(definition: FirstEdition): FirstEditionPolicy {
  const { name } = definition;
  const behaviour = Object.assign(Object.create(definition) as FirstEdition, {
    name,
    createPicker: (_: unknown, view: PolicyView<unknown, unknown, unknown>) =>
      definition.update(Object.create(view, { ready: { value: () => view.ready } }) as object),
  });
  class Instance extends PolicyInstance<unknown, unknown, unknown> {
    constructor(helper: experimental.ChannelControlHelper) {
      super(helper, behaviour);
    }
  }
  const ConfigType = policyConfigType(name, (json) =>
    definition.parseConfig(json as Readonly<Record<string, unknown>>),
  );
  const config = (json: object = {}): LoadBalancingConfig => ({ [name]: json });
  const register = (): void => registerPolicy(name, Instance, ConfigType, declareFields(name, {}));
  return Object.defineProperty(Object.assign(config, { config, register }), 'name', { value: name });
}
