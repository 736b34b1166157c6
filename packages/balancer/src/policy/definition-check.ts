/** Mistakes in a definition: TypeScript finds them in the editor, JavaScript would find them in the first RPC. */
import { show } from '@petiole/service-config/internal';

export function checkDefinition(definition: unknown): void {
  if (typeof definition !== 'object' || definition === null) {
    throw new TypeError(
      `definePolicy: must be given an object with name and createPicker, got ${show(definition)}`,
    );
  }
  const parts = definition as Record<string, unknown>;
  const { name, aliases = [], fields = {} } = parts;
  if (!isPolicyName(name)) {
    throw new TypeError(`definePolicy: name must be in lower_snake_case, got ${show(name)}`);
  }
  if (!Array.isArray(aliases) || !aliases.every(isPolicyName)) {
    throw new TypeError(
      `definePolicy: aliases of ${name} must be an array of names in lower_snake_case, got ${show(aliases)}`,
    );
  }
  if (typeof fields !== 'object' || fields === null || !Object.values(fields).every(isField)) {
    throw new TypeError(
      `definePolicy: fields of ${name} must be an object of integer(), string() and so on, got ${show(fields)}`,
    );
  }
  if (typeof parts.createPicker !== 'function') {
    throw new TypeError(
      `definePolicy: createPicker of ${name} must be a function, got ${show(parts.createPicker)}`,
    );
  }
  for (const part of ['check', 'createMemory', 'createData', 'onCallStarted', 'onCallEnded']) {
    if (parts[part] === undefined || typeof parts[part] === 'function') continue;
    throw new TypeError(
      `definePolicy: ${part} of ${name} must be a function or absent, got ${show(parts[part])}`,
    );
  }
}

function isPolicyName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z][a-z0-9_]*$/.test(name);
}

function isField(field: unknown): boolean {
  return typeof field === 'object' && field !== null && 'read' in field && typeof field.read === 'function';
}
