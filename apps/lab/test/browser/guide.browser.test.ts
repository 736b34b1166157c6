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

it('the guide is where it was left, in another tab and after a reload', async () => {
  const title = 'A typing error';
  const second = lab.page.getByRole('button', { name: `See what pick_first does: ${title}` });
  const isDone = lab.page.locator('.step.done', { hasText: title });
  await lab.guide('Write it', title);
  await expect.poll(() => lab.page.evaluate(() => document.activeElement?.role)).toBe('tabpanel');
  await lab.tab('Guide');
  await second.waitFor();
  await isDone.waitFor();
  await lab.page.reload();
  await second.waitFor();
  await isDone.waitFor();
});

it('of several policies, the one that the client uses is pressed', async () => {
  const title = 'A slow server: which policy copes?';
  const pressed = lab.page.locator('.step [aria-pressed="true"]');
  await lab.guide('least_request', title);
  await shows(pressed, 'least_request');
  await lab.guide('peak_ewma', title);
  await shows(pressed, 'peak_ewma');
  await lab.guide('with connectionScaling', 'Streams fill a connection');
  await shows(pressed, 'with connectionScaling');
  await lab.page.getByRole('button', { name: 'Start server 1' }).waitFor({ state: 'detached' });
  await lab.page.locator('.pointed-at').first().waitFor();
  // What is done by hand is not what the guide points at.
  await lab.press('Stop server 1');
  await expect.poll(() => lab.page.locator('.pointed-at').count()).toBe(0);
  await lab.press('Start server 1');
});

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

const STREAMS = 'Streams fill a connection';

it('where streams fill a connection, round_robin lets them wait until they fail, least_request sends fewer, a further connection lets none wait', async () => {
  const figure = async (of: string, name: string): Promise<number> =>
    Number.parseInt(await textOf(lab.page.locator(`${of} .figure.${name} dd`)), 10);
  const seen = async (act: string) => {
    await lab.guide(act, STREAMS);
    const button = lab.page.getByRole('button', { name: `${act}: ${STREAMS}` });
    await expect.poll(() => button.isEnabled(), { timeout: 15_000 }).toBe(true);
    // A queue grows until the first ones run out of time, and those of the policy before are gone by then.
    const began = Date.now();
    const samples: { waiting: number; failed: number; share: number }[] = [];
    await expect
      .poll(
        async () => {
          if (Date.now() - began > 14_000)
            samples.push({
              waiting: await figure('[data-server="2"]', 'waiting'),
              failed: await figure('.client', 'failed'),
              share: await shareOf(lab, 2),
            });
          return samples.length;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(10);
    const mean = (of: 'waiting' | 'failed' | 'share'): number =>
      Math.round((samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length) * 10) / 10;
    const means = { waiting: mean('waiting'), failed: mean('failed'), share: mean('share') };
    console.log(`${act}: ${means.waiting} wait, ${means.failed} % fail, share ${means.share} %`);
    return means;
  };
  const turns = await seen('round_robin');
  const least = await seen('least_request');
  const scaled = await seen('with connectionScaling');
  // How many run out of time within these five seconds is luck; that some do is not.
  expect(turns.waiting).toBeGreaterThan(3);
  expect(turns.failed).toBeGreaterThan(1);
  expect(least.waiting).toBeLessThan(turns.waiting);
  expect(least.failed).toBeLessThan(turns.failed);
  expect(least.share).toBeLessThan(turns.share);
  expect(scaled.waiting).toBe(0);
}, 120_000);

it('with a server that fails fast, retries let no RPC fail, and the attempts that do are seen', async () => {
  const step = 'A server that fails fast';
  const failed = async (of: string): Promise<number> =>
    Number.parseInt(await textOf(lab.page.locator(`${of} .figure.failed dd`)), 10);
  await lab.guide('Do it', step);
  await expect.poll(() => failed('.client'), { timeout: 20_000 }).toBeGreaterThan(15);
  await expect.poll(() => shareOf(lab, 2), { timeout: 20_000 }).toBeGreaterThan(40);
  await lab.guide('Retry', step);
  await expect.poll(() => failed('.client'), { timeout: 20_000 }).toBeLessThan(2);
  expect(await failed('[data-server="2"]')).toBeGreaterThan(30);
  const again = lab.page.locator('.client .figure.tried-again dd');
  await expect
    .poll(async () => Number.parseInt(await textOf(again), 10), { timeout: 20_000 })
    .toBeGreaterThan(15);
}, 60_000);
