/** Who can use the page: by keyboard, by ear, on a phone, in either theme, without motion, and when the process is gone. */
import { expect, it } from 'vitest';
import { shows, textOf, useLab } from './lab.js';
import { startProcess } from './lab-process.js';
import { openPage, PHONE } from './open.js';

const lab = useLab();

it('everything that can be operated has a name', async () => {
  for (const tab of ['Guide', 'Break it', 'Service config'] as const) {
    await lab.tab(tab);
    const nameless = (await lab.page.locator('body').ariaSnapshot())
      .split('\n')
      .filter((line) =>
        /^\s*- (button|link|textbox|slider|spinbutton|combobox|checkbox|tab|img|region)(:|$| \[)/.test(line),
      );
    expect(nameless, tab).toEqual([]);
  }
});

it('the keyboard reaches what the mouse does, and one sees where it is', async () => {
  await lab.tab('Break it');
  await lab.page.locator('h1').click();
  const reached = new Set<string>();
  for (let presses = 0; presses < 120; presses++) {
    await lab.page.keyboard.press('Tab');
    const focus = await lab.page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return undefined;
      const name = element.getAttribute('aria-label') ?? element.textContent;
      return { name, outline: getComputedStyle(element).outlineStyle };
    });
    if (focus === undefined) continue;
    expect(focus.outline, focus.name).not.toBe('none');
    reached.add(focus.name);
  }
  for (const name of [
    'Stop server 2',
    'Freeze server 2',
    'Delay of server 3',
    'RPCs a second',
    'Pause',
    'Table',
    'Kind of event',
  ])
    expect(reached).toContain(name);
});

it('shortcuts act, are listed, and leave typing alone', async () => {
  await lab.page.keyboard.press('2');
  await shows(lab.page.locator('[data-server="2"] .server'), /stopped/);
  await lab.page.keyboard.press('2');
  await shows(lab.page.locator('[data-server="2"] .server'), /serving/);
  await lab.page.keyboard.press('h');
  await lab.page.keyboard.press('3');
  await shows(lab.page.locator('[data-server="3"] .server'), /not healthy/);
  await lab.page.keyboard.press('h');
  await lab.page.keyboard.press('3');
  await lab.page.keyboard.press('?');
  await lab.page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await lab.page.keyboard.press('Escape');
  await lab.page.keyboard.press('c');
  await lab.page.getByLabel('Service config, as JSON').focus();
  await lab.page.keyboard.type('p2');
  expect(await lab.page.getByRole('button', { name: 'Pause' }).getAttribute('aria-pressed')).toBe('false');
  await lab.press('Discard');
});

it('arrows move between tabs', async () => {
  await lab.page.getByRole('tab', { name: 'Guide' }).focus();
  await lab.page.keyboard.press('ArrowRight');
  expect(await lab.page.getByRole('tab', { name: 'Break it' }).getAttribute('aria-selected')).toBe('true');
  await lab.page.getByRole('heading', { name: 'Servers' }).waitFor();
});

it('the picture has the form of a table', async () => {
  await lab.press('Table');
  const row = lab.page.getByRole('row', { name: /^2 / });
  await shows(row, /READY/);
  await shows(row, /\(connected\)/);
});

it('changes are told to screen readers', async () => {
  const told = lab.page.getByRole('log', { name: 'Changes' });
  await lab.press('Stop server 1');
  await expect.poll(() => told.textContent(), { timeout: 10_000 }).toMatch(/Server 1|changes/);
  await lab.press('Start server 1');
});

it.each(['Guide', 'Break it', 'Service config'] as const)(
  'nothing is wider than a phone, with the tab %s open',
  async (tab) => {
    const phone = await openPage(lab.browser, PHONE);
    await phone.goto(lab.url);
    await phone.getByRole('tab', { name: tab }).click();
    const [width, view] = await phone.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    await phone.close();
    expect(width).toBe(view);
  },
);

it('the theme is what the system prefers, until somebody chooses', async () => {
  const dark = await openPage(lab.browser, { width: 900, height: 700, colours: 'dark' });
  await dark.goto(lab.url);
  await dark.getByRole('button', { name: 'Light colours' }).click();
  await dark.reload();
  await dark.getByRole('button', { name: 'Dark colours' }).waitFor();
  expect(await dark.evaluate(() => document.documentElement.dataset.theme)).toBe('light');
  await dark.close();
});

it('no dot moves for who prefers reduced motion', async () => {
  const still = await openPage(lab.browser, { width: 1200, height: 800, motion: 'reduce' });
  await still.goto(lab.url);
  await shows(still.locator('[data-server="1"] .endpoint'), /READY/);
  const inked = await still.locator('.flow canvas').evaluate(async (canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    for (let frame = 0; frame < 60; frame++) {
      await new Promise(requestAnimationFrame);
      const data = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data;
      if (data?.some((value) => value > 0)) return true;
    }
    return false;
  });
  await still.close();
  expect(inked).toBe(false);
});

it('a page whose process has ended says so, and goes on when there is one again', async () => {
  const first = await startProcess('--port', '0');
  const page = await openPage(lab.browser);
  await page.goto(first.url);
  await shows(page.locator('[data-server="1"] .endpoint'), /READY/);
  first.program.kill('SIGKILL');
  await first.program;
  await shows(page.getByRole('alert'), /No connection/);
  const second = await startProcess('--port', new URL(first.url).port);
  await expect.poll(() => textOf(page.getByRole('alert')), { timeout: 15_000 }).toBe('');
  await shows(page.locator('[data-server="1"] .endpoint'), /READY/);
  await page.close();
  second.program.kill('SIGTERM');
  await second.program;
}, 60_000);

it('a key that opens a tab moves the focus into its panel, and the first Tab of the page leads there, too', async () => {
  const focused = () => lab.page.evaluate(() => document.activeElement?.id);
  for (const [key, panel] of Object.entries({ b: 'panel-break', c: 'panel-config', g: 'panel-guide' })) {
    await lab.page.keyboard.press(key);
    await expect.poll(focused).toBe(panel);
  }
  await lab.page.reload();
  await lab.page.getByRole('heading', { name: 'Petiole lab' }).waitFor();
  await lab.page.keyboard.press('Tab');
  await lab.page.keyboard.press('Enter');
  await expect.poll(focused).toBe('panel-guide');
});

it('endpoints have headings, as servers do', async () => {
  await lab.page.getByRole('heading', { name: 'Endpoint 2', exact: true }).waitFor();
  await lab.page.getByRole('heading', { name: 'Server 2', exact: true }).waitFor();
});

it('on a phone the tabs are within reach, and the step under way stays with what it points at', async () => {
  const phone = await openPage(lab.browser, PHONE);
  await phone.goto(lab.url);
  const step = 'Stop a server';
  const isSeen = (selector: string) =>
    phone.locator(selector).evaluate((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
  expect(await isSeen('#tab-guide')).toBe(true);
  await phone.getByRole('tab', { name: 'Guide' }).click();
  await phone.locator('summary', { hasText: step }).click();
  await phone.getByRole('button', { name: `Do it: ${step}` }).click();
  const underWay = phone.getByRole('region', { name: 'The step under way' });
  await expect.poll(() => isSeen('.under-way')).toBe(true);
  await shows(phone.locator('[data-server="2"] .server'), /stopped/);
  await underWay.getByRole('button', { name: 'Start it again' }).click();
  await shows(phone.locator('[data-server="2"] .server'), /serving/);
  await underWay.getByRole('button', { name: 'Close' }).click();
  await underWay.waitFor({ state: 'detached' });
  await phone.close();
});

it('on a phone the log has the kind of each event', async () => {
  const phone = await openPage(lab.browser, PHONE);
  await phone.goto(lab.url);
  await phone.locator('.event .kind').first().waitFor();
  await phone.close();
});

it('on a phone the table has the share of each endpoint in view, and says that there is more', async () => {
  const phone = await openPage(lab.browser, PHONE);
  await phone.goto(lab.url);
  await phone.getByRole('button', { name: 'Table' }).click();
  const share = phone.getByRole('columnheader', { name: 'Share', exact: true });
  await share.waitFor();
  expect(await share.evaluate((cell) => cell.getBoundingClientRect().right)).toBeLessThan(PHONE.width);
  const hint = await phone.locator('.scrolls').evaluate((box) => getComputedStyle(box, '::before').content);
  expect(hint).toMatch(/More to the right/);
  await phone.close();
});
