/**
 * Names of the first edition, for programs that were written against it: nothing here is new, and all of it goes before
 * the first release.
 */
import { customRoundRobin } from './policies/custom-round-robin.js';
import { leastRequest } from './policies/least-request.js';

/** @deprecated `customRoundRobin.register()` */
export const registerCustomRoundRobin: () => void = customRoundRobin.register;

/** @deprecated `leastRequest.register()` */
export const registerLeastRequest: () => void = leastRequest.register;
