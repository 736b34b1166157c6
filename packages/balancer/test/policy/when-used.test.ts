import { expect, test, vi } from 'vitest';
import { definePolicy } from '../../src/policy/define-policy.js';
import { whenUsed } from '../../src/policy/policy-object.js';

test.each([
  ['is called', (policy) => policy()],
  ['is registered', (policy) => policy.register({ replace: true })],
  ['is asked for its name', (policy) => policy.name],
] as [string, (policy: ReturnType<typeof definePolicy>) => unknown][])(
  'a policy of this package is defined when it %s, once',
  (_, use) => {
    const define = vi.fn(() => definePolicy({ name: 'defined_when_used', createPicker: () => undefined }));
    const policy = whenUsed(define);
    expect(define).not.toHaveBeenCalled();
    use(policy);
    expect(policy()).toEqual({ defined_when_used: {} });
    expect(policy.name).toBe('defined_when_used');
    expect(define).toHaveBeenCalledOnce();
  },
);
