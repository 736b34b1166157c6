/** Opens Chromium, without anything that it would ask the network for by itself. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.js';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** With a user's folder of its own, which goes with it. */
export async function openBrowser(): Promise<Browser> {
  const { executablePath, env } = await findChromium();
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return chromium.launch({ executablePath, args: ARGS, env: { ...Object.fromEntries(inherited), ...env } });
}

export interface View {
  readonly width: number;
  readonly height: number;
  readonly colours?: 'light' | 'dark';
  readonly motion?: 'reduce' | 'no-preference';
}

export const DESK: View = { width: 1440, height: 900 };
export const PHONE: View = { width: 360, height: 740 };

/** A page in a context of its own: nothing is kept from one to the next. */
export function openPage(browser: Browser, view: View = DESK): Promise<Page> {
  return browser.newPage({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.colours ?? 'light',
    reducedMotion: view.motion ?? 'no-preference',
    // That of the environment may be none that a page can use: en-US@posix.
    locale: 'en-US',
  });
}
