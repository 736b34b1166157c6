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
  await shows(lab.page.locator('#findings'), /Not JSON/);
  await json().fill('{ "loadBalancingConfig": [{ "least_request": {} }] }');
  await shows(lab.page.locator('#findings'), /finds nothing/);
});

it('a finding is written in sentences, whatever they end with', async () => {
  await lab.tab('Service config');
  const findings = lab.page.locator('#findings');
  await json().fill('{ "loadBalancingConfig": [{ "least_request": { "choicecount": 3 } }] }');
  await shows(findings, /did you mean "choiceCount"\? If applied: the policy does not know .* default\.$/);
  await json().fill('{ "loadBalancingConfig": [{ "round_robin": {} }], "healthCheckConfig": {} }');
  await shows(findings, /no other checks health\. If applied: no health is checked\.$/);
  await lab.press('Discard');
});

const apply = () => lab.page.getByRole('button', { name: 'Apply' });
const applyPart = () => lab.page.locator('.apply');
const BAD = '{ "loadBalancingConfig": [{ "least_request": { "choiceCount": 1 } }] }';

it('what the checker refuses can’t be applied, and the button says why', async () => {
  await lab.tab('Service config');
  await json().fill(BAD);
  await shows(applyPart(), /can’t be applied: the checker finds an error/);
  expect(await apply().isDisabled()).toBe(true);
  await apply().click({ force: true });
  await json().fill('{ "loadBalancingConfig": ');
  await shows(applyPart(), /can’t be applied: it is not JSON/);
  await json().fill('{ "loadBalancingConfig": [{ "least_request": {} }] }');
  await expect.poll(() => apply().isEnabled()).toBe(true);
  await apply().click();
  await shows(applyPart(), /Applied: the client uses least_request/);
  await shows(lab.page.locator('.client .policy-name'), 'least_request');
});

it('what the lab refuses is told beside the button, until the text is another one', async () => {
  lab.allow(/status of 400|net::ERR_FAILED/);
  await lab.page.route('**/api/check', (route) => route.abort());
  await lab.tab('Service config');
  await json().fill(BAD);
  await expect.poll(() => apply().isEnabled()).toBe(true);
  await apply().click();
  const refused = applyPart().locator('[role=status]');
  await shows(refused, /^Not applied: .*choiceCount must be an integer from 2/);
  expect(await textOf(lab.page.getByRole('alert'))).toBe('');
  expect(await json().inputValue()).toBe(BAD);
  await json().fill(`${BAD} `);
  await expect.poll(() => textOf(refused)).toBe('');
  await expect.poll(() => apply().isEnabled()).toBe(true);
  await apply().click();
  await shows(refused, /^Not applied/);
  await lab.press('Discard');
  await expect.poll(() => textOf(refused)).toBe('');
});

it('a step of the guide does not throw away what somebody wrote', async () => {
  await lab.tab('Service config');
  await json().fill(BAD);
  await lab.guide('Do it', 'Three in a row');
  await lab.tab('Service config');
  await lab.press('Take it back');
  expect(await json().inputValue()).toBe(BAD);
  await lab.press('Discard');
  await lab.guide('Write it', 'A typing error');
  await lab.guide('Do it', 'Three in a row');
  await lab.tab('Service config');
  expect(await lab.page.getByRole('button', { name: 'Take it back' }).count()).toBe(0);
});

it('a link offers its setup, and applies it only when somebody says so', async () => {
  await lab.tab('Break it');
  await lab.page.getByLabel('Delay of server 2', { exact: true }).fill('150');
  await lab.page.getByLabel('Delay of server 2', { exact: true }).press('Enter');
  await shows(lab.page.locator('[data-server="2"] .server'), /\+150 ms/);
  await lab.tab('Service config');
  await lab.page.getByLabel('policy', { exact: true }).selectOption('peak_ewma');
  await apply().click();
  await shows(applyPart(), /Applied/);
  await json().fill(BAD);
  await lab.press('Share');
  const dialog = lab.page.getByRole('dialog', { name: 'Share this setup' });
  await shows(dialog, /not applied yet/);
  await shows(dialog, new URL(lab.url).host);
  const link = await dialog.getByLabel('Link to this setup').inputValue();
  await dialog.getByRole('button', { name: 'Copy the link' }).click();
  await shows(dialog.getByRole('status'), /Copied|copy it/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  // A reload does not offer one's own setup.
  await lab.page.reload();
  await shows(lab.endpoint(1), /READY/);
  expect(await lab.page.getByRole('region', { name: 'Setup of the link' }).count()).toBe(0);
  await lab.page.goto('about:blank');
  await lab.page.goto(lab.url);
  await lab.tab('Break it');
  await lab.press('Reset the lab');
  await expect.poll(() => textOf(lab.page.locator('[data-server="2"] .traits'))).toBe('');

  await lab.page.goto('about:blank');
  await lab.page.goto(link);
  const offer = lab.page.getByRole('region', { name: 'Setup of the link' });
  await shows(offer, /peak_ewma.*server 2: 150 ms slow/);
  await shows(lab.page.locator('.client'), /RPCs|rate/);
  expect(await textOf(lab.page.locator('.client .policy-name'))).not.toBe('peak_ewma');
  await offer.getByRole('button', { name: 'Apply' }).click();
  await shows(lab.page.locator('[data-server="2"] .server'), /\+150 ms/);
  await shows(lab.page.locator('.client .policy-name'), /peak_ewma/);
  await offer.waitFor({ state: 'detached' });
});

it('a link that can’t be read is told as an error', async () => {
  await lab.page.goto('about:blank');
  await lab.page.goto(`${lab.url}#nonsense`);
  const alert = lab.page.locator('.banner.bad[role=alert]');
  await shows(alert, /can’t be read/);
  await alert.getByRole('button', { name: 'Close' }).click();
  await alert.waitFor({ state: 'detached' });
  expect(lab.page.url()).toBe(lab.url);
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
