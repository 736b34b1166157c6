/** What one breaks by hand: settings and their bounds, and the way back to the start. */
import { expect, it } from 'vitest';
import { shows, textOf, useLab } from './lab.js';

const lab = useLab();

const delay = () => lab.page.getByLabel('Delay of server 2', { exact: true });
const setting = () => lab.page.locator('.setting', { has: delay() });
const traits = () => lab.page.locator('[data-server="2"] .traits');

async function enter(text: string): Promise<void> {
  await delay().fill(text);
  await delay().press('Enter');
}

it('what somebody types stays until it is entered, whatever the lab says meanwhile', async () => {
  await lab.tab('Break it');
  await delay().fill('77');
  // Not by the mouse, which would leave the field, and so enter it.
  const click = (name: string) =>
    lab.page
      .getByRole('button', { name })
      .first()
      .evaluate((button: HTMLElement) => button.click());
  await click('Stop server 3');
  await shows(lab.endpoint(3), /TRANSIENT_FAILURE|CONNECTING/);
  expect(await delay().inputValue()).toBe('77');
  await click('Start server 3');
  await shows(lab.endpoint(3), /READY/);
  expect(await delay().inputValue()).toBe('77');
  await delay().press('Enter');
  await shows(traits(), '+77 ms');
});

it.each(['999999', '-5'])(
  '%s ms is no delay: the field says what is allowed, and nothing is set',
  async (text) => {
    await lab.tab('Break it');
    await enter('40');
    await shows(traits(), '+40 ms');
    await enter(text);
    await shows(setting(), /Allowed is 0 to 5000 ms\./);
    expect(await delay().inputValue()).toBe('40');
    expect(await textOf(traits())).toBe('+40 ms');
    await enter('30');
    await shows(traits(), '+30 ms');
    expect(await textOf(setting())).not.toMatch(/Allowed/);
  },
);

it('a delay beyond the deadline of RPCs says that they all fail', async () => {
  await lab.tab('Break it');
  await enter('2999');
  await shows(traits(), '+2999 ms');
  expect(await textOf(setting())).not.toMatch(/fail/);
  await enter('3000');
  await shows(setting(), /All RPCs to it fail: the client waits 3 s/);
});

it('half of the errors is in the middle of the slider', async () => {
  await lab.tab('Break it');
  const errors = lab.page.getByLabel('Error rate of server 2', { exact: true });
  await errors.fill('50');
  await errors.press('Enter');
  await shows(traits(), /50 % errors/);
  const slider = lab.page.getByLabel('Error rate of server 2, slider');
  await expect.poll(() => slider.inputValue()).toBe('0.5');
});

it('a reset sets servers, client and policy back, and can be undone', async () => {
  const policy = lab.page.locator('.client .policy-name');
  const step = 'A slow server: which policy copes?';
  await lab.guide('peak_ewma', step);
  await shows(policy, 'peak_ewma');
  const act = lab.page.getByRole('button', { name: `peak_ewma: ${step}` });
  await expect.poll(() => act.isEnabled(), { timeout: 10_000 }).toBe(true);
  await lab.page.locator('.pointed-at').first().waitFor();
  await lab.tab('Break it');
  await lab.press('Reset the lab');
  await shows(policy, 'custom_round_robin');
  await expect.poll(() => textOf(traits())).toBe('');
  expect(await lab.page.locator('.pointed-at').count()).toBe(0);
  await lab.press('Undo');
  await shows(policy, 'peak_ewma');
  await shows(traits(), '+300 ms');
  expect(await lab.page.getByLabel('RPCs a second', { exact: true }).inputValue()).toBe('100');
  await lab.press('Reset the lab');
  await shows(policy, 'custom_round_robin');
});
