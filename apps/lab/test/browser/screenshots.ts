/** `pnpm lab:screenshots`: the pictures of the lab in the README, in light and dark: a server was stopped for a while. */
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startProcess } from './lab-process.js';
import { DESK, openBrowser, openPage } from './open.js';

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url));
const THEMES = ['light', 'dark'] as const;

const [browser, lab] = await Promise.all([openBrowser(), startProcess('--port', '0')]);
try {
  const pages = await Promise.all(
    THEMES.map(async (colours) => {
      const page = await openPage(browser, { ...DESK, height: 1_000, colours });
      await page.goto(lab.url);
      return page;
    }),
  );
  const [page] = pages;
  if (page === undefined) throw new Error('no page was opened');
  await page.getByRole('tab', { name: 'Break it' }).click();
  await setNumber(page, 'RPCs a second', 30);
  for (const [server, ms] of [4, 9, 22].entries()) await setNumber(page, `Delay of server ${server + 1}`, ms);
  await seconds(page, 22);
  await page.getByRole('button', { name: 'Stop server 2' }).first().click();
  await seconds(page, 10);
  await page.getByRole('button', { name: 'Start server 2' }).first().click();
  await seconds(page, 14);
  await page.getByRole('tab', { name: 'Guide' }).click();
  await page.mouse.move(0, 0);
  for (const [index, theme] of THEMES.entries()) {
    const path = `${DOCS}lab-${theme}.png`;
    await pages[index]?.screenshot({ path });
    console.log(`${path}: ${Math.round((await stat(path)).size / 1024)} KiB`);
  }
} finally {
  await browser.close();
  lab.program.kill('SIGTERM');
  await lab.program;
}

async function setNumber(page: Page, label: string, value: number): Promise<void> {
  const input = page.getByLabel(label, { exact: true });
  await input.fill(String(value));
  await input.press('Enter');
}

/** The pictures show what took some time. */
function seconds(page: Page, count: number): Promise<void> {
  return page.waitForTimeout(count * 1_000);
}
