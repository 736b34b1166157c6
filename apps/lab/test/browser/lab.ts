/** The lab as its users have it: the process, started from its sources, and its page in Chromium. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Started, startProcess } from './lab-process.js';
import { DESK, openBrowser, openPage, type View } from './open.js';

export interface LabUnderTest {
  readonly browser: Browser;
  readonly page: Page;
  readonly url: string;
  /** The console may say so in this test. */
  allow(complaint: RegExp): void;
  /** Presses the button of that name, by the keyboard's way to it or the mouse: `Stop server 2`. */
  press(name: string | RegExp): Promise<void>;
  /** The card of a server's endpoint in the picture. */
  endpoint(server: number): Locator;
  tab(name: 'Guide' | 'Break it' | 'Service config'): Promise<void>;
  /** Presses a button of the guide, opening its step: `Do it: Stop a server`. */
  guide(act: string, step: string): Promise<void>;
}

/** A process for the tests of a file, and a new page for each test, which may not write an error to its console. */
export function useLab(view: View = DESK): LabUnderTest {
  let browser: Browser | undefined;
  let page: Page | undefined;
  let started: Started | undefined;
  const complaints: string[] = [];
  const allowed: RegExp[] = [];
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the lab is not there yet');
    return value;
  };

  beforeAll(async () => {
    [browser, started] = await Promise.all([openBrowser(), startProcess('--port', '0')]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    started?.program.kill('SIGTERM');
    await started?.program;
  });
  beforeEach(async () => {
    const { url } = there(started);
    complaints.length = 0;
    allowed.length = 0;
    page = await openPage(there(browser), view);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(url).origin)) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await page.getByRole('heading', { name: 'Petiole lab' }).waitFor();
  });
  afterEach(async () => {
    await page?.close();
    expect(complaints.filter((complaint) => !allowed.some((regExp) => regExp.test(complaint)))).toEqual([]);
  });

  const lab: LabUnderTest = {
    get browser() {
      return there(browser);
    },
    get page() {
      return there(page);
    },
    get url() {
      return there(started).url;
    },
    allow: (complaint) => allowed.push(complaint),
    press: (name) => lab.page.getByRole('button', { name }).first().click(),
    endpoint: (server) => lab.page.locator(`[data-server="${server}"] .endpoint`),
    tab: (name) => lab.page.getByRole('tab', { name }).click(),
    async guide(act, step) {
      await lab.tab('Guide');
      const button = lab.page.getByRole('button', { name: `${act}: ${step}` });
      if (!(await button.isVisible())) await lab.page.locator('summary', { hasText: step }).click();
      await button.click();
    },
  };
  return lab;
}

export async function textOf(locator: Locator): Promise<string> {
  return (await locator.first().textContent()) ?? '';
}

/** Waits until the page shows it. */
export async function shows(locator: Locator, text: string | RegExp): Promise<void> {
  await expect.poll(() => textOf(locator), { timeout: 15_000 }).toMatch(text);
}

/** The share of an endpoint, in percent, as the picture has it. */
export async function shareOf(lab: LabUnderTest, server: number): Promise<number> {
  return Number.parseInt(await textOf(lab.endpoint(server).locator('.figure.share dd')), 10);
}
