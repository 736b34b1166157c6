/** Each step of the guide does what it says, and what one is told to see is there. */
import { expect, it } from 'vitest';
import { STEPS } from '../../src/page/guide/steps.js';
import { shareOf, shows, textOf, useLab } from './lab.js';

const lab = useLab();

it.each(STEPS.map(({ title, acts }) => [title, acts] as const))(
  '“%s” can be done',
  async (title, acts) => {
    for (const { label } of acts) {
      await lab.guide(label, title);
      const button = lab.page.getByRole('button', { name: `${label}: ${title}` });
      if (title !== 'A typing error' || label !== 'Write it')
        await expect.poll(() => button.isEnabled(), { timeout: 15_000 }).toBe(true);
      expect(await textOf(lab.page.getByRole('alert')), label).toBe('');
    }
    await expect.poll(() => lab.page.locator('.pointed-at').count()).toBeGreaterThan(0);
  },
  60_000,
);

it('with a slow server, round_robin sends a third to it, least_request less, peak_ewma next to nothing', async () => {
  const step = 'A slow server: which policy copes?';
  const slowShare = async (policy: string): Promise<number> => {
    await lab.guide(policy, step);
    await shows(lab.page.locator('.client .policy-name'), new RegExp(policy));
    // Shares are those of three seconds, and an estimate has to be made first.
    const started = Date.now();
    await expect.poll(() => Date.now() - started, { timeout: 10_000, interval: 500 }).toBeGreaterThan(6_000);
    return shareOf(lab, 2);
  };
  const even = await slowShare('round_robin');
  const fewer = await slowShare('least_request');
  const fewest = await slowShare('peak_ewma');
  console.log(
    `share of the slow server: round_robin ${even} %, least_request ${fewer} %, peak_ewma ${fewest} %`,
  );
  expect(even).toBeGreaterThan(28);
  expect(fewer).toBeLessThan(even);
  expect(fewest).toBeLessThan(fewer);
}, 60_000);
