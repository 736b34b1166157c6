/** What one changes live: form and JSON, findings as one types, and setups as links. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { shows, textOf, useLab } from './lab.js';

const lab = useLab();

const json = () => lab.page.getByLabel('Service config, as JSON');

it('the form writes the JSON, and the JSON the form', async () => {
  await lab.tab('Service config');
  await lab.page.getByLabel('policy', { exact: true }).selectOption('custom_round_robin');
  await lab.page.getByLabel('repeatCount').fill('5');
  expect(JSON.parse(await json().inputValue()).loadBalancingConfig).toEqual([
    { custom_round_robin: { repeatCount: 5 } },
  ]);
  await json().fill('{ "loadBalancingConfig": [{ "least_request": { "choiceCount": 4 } }] }');
  expect(await lab.page.getByLabel('policy', { exact: true }).inputValue()).toBe('least_request');
  expect(await lab.page.getByLabel('choiceCount').inputValue()).toBe('4');
  await lab.press('Discard');
});

it('the checker’s findings show as one types', async () => {
  await lab.tab('Service config');
  await json().fill('{ "loadBalancingConfig": [{ "least_request": { "choiceCount": 1 } }] }');
  await shows(lab.page.locator('#findings'), /Error.*choiceCount.*2/s);
  await json().fill('{ "loadBalancingConfig": [{ "least_request": {} }] ');
  await shows(lab.page.locator('#findings'), /No JSON/);
  await json().fill('{ "loadBalancingConfig": [{ "least_request": {} }] }');
  await shows(lab.page.locator('#findings'), /finds nothing/);
});

it('what is refused stays a draft, and the page says why', async () => {
  lab.allow(/status of 400/);
  await lab.tab('Service config');
  await json().fill('{ "loadBalancingConfig": [{ "least_request": { "choiceCount": 1 } }] }');
  await lab.press('Apply');
  await shows(lab.page.getByRole('alert'), /choiceCount/);
  expect(await json().inputValue()).toContain('choiceCount');
});

it('a link offers its setup, and applies it only when somebody says so', async () => {
  await lab.tab('Break it');
  await lab.page.getByLabel('Delay of server 2', { exact: true }).fill('150');
  await lab.page.getByLabel('Delay of server 2', { exact: true }).press('Enter');
  await shows(lab.page.locator('[data-server="2"] .server'), /\+150 ms/);
  await lab.tab('Service config');
  await lab.page.getByLabel('policy', { exact: true }).selectOption('peak_ewma');
  await lab.press('Copy as link');
  await expect.poll(() => lab.page.url()).toContain('#');
  const link = lab.page.url();
  await lab.page.goto('about:blank');
  await lab.page.goto(lab.url);
  await lab.tab('Break it');
  await lab.press('Reset all');
  await expect.poll(() => textOf(lab.page.locator('[data-server="2"] .traits'))).toBe('');

  await lab.page.goto('about:blank');
  await lab.page.goto(link);
  const offer = lab.page.getByRole('region', { name: 'Setup of the link' });
  await shows(offer, /peak_ewma.*the 2\. 150 ms slow/);
  await shows(lab.page.locator('.client'), /RPCs|rate/);
  expect(await textOf(lab.page.locator('.client .policy-name'))).not.toBe('peak_ewma');
  await offer.getByRole('button', { name: 'Apply' }).click();
  await shows(lab.page.locator('[data-server="2"] .server'), /\+150 ms/);
  await shows(lab.page.locator('.client .policy-name'), /peak_ewma/);
  await offer.waitFor({ state: 'detached' });
});

it('a page from elsewhere can do nothing', async () => {
  const elsewhere = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<p>hello</p>'),
  );
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void elsewhere.close());
  const { port } = elsewhere.address() as AddressInfo;
  const other = await lab.browser.newPage();
  await other.goto(`http://127.0.0.1:${port}/`);
  const statuses = await other.evaluate(async (url) => {
    const body = JSON.stringify({ do: 'stop', server: 1 });
    const send = (mode: RequestMode, headers: Record<string, string>) =>
      fetch(new URL('api/actions', url), { method: 'POST', mode, headers, body }).then(
        ({ type }) => type as string,
        () => 'refused',
      );
    return [
      await send('cors', { 'content-type': 'application/json' }),
      await send('no-cors', { 'content-type': 'text/plain' }),
    ];
  }, lab.url);
  await other.close();
  expect(statuses).toEqual(['refused', 'refused']);
  await shows(lab.page.locator('[data-server="1"] .server'), /serving/);
});
