/** What the signs and figures of the picture mean. */
import type { JSX } from 'preact';
import { RPC_TIMEOUT_MS } from '../../protocol.js';
import { LATELY_MS } from '../lab/history.js';

const seconds = (ms: number): string => `${ms / 1_000} s`;

export const OVER_WHICH_TIME = `Shares, rates and failures are those of the last ${seconds(LATELY_MS)}, percentiles those of the last second. An RPC fails after ${seconds(RPC_TIMEOUT_MS)}, its deadline.`;

export function Legend(): JSX.Element {
  return (
    <p class="legend hint">
      <b>▸</b> connected · <b>×</b> nothing listens there · <b class="bad">red line</b> attempts that fail ·
      health <b>–</b> not checked. {OVER_WHICH_TIME}
    </p>
  );
}
