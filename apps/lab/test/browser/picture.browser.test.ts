/** What one sees: RPCs flow, and whatever happens to a server shows in picture, strip, plots and log. */
import { expect, it } from 'vitest';
import { shareOf, shows, textOf, useLab } from './lab.js';

const lab = useLab();
const FLOW = 20_000;

it('three endpoints are READY, by the address that each server listens on, and RPCs flow to each', async () => {
  for (const server of [1, 2, 3]) {
    await shows(lab.endpoint(server), /READY/);
    await shows(
      lab.endpoint(server).locator('.connected'),
      server === 1 ? /127\.0\.0\.1:\d+/ : /\[::1\]:\d+/,
    );
    await expect.poll(() => shareOf(lab, server), { timeout: FLOW }).toBeGreaterThan(20);
  }
  const dots = await lab.page.locator('.flow canvas').evaluate(countInk);
  await expect.poll(() => lab.page.locator('.flow canvas').evaluate(countInk)).toBeGreaterThan(0);
  expect(dots).toBeGreaterThanOrEqual(0);
});

it('the strip shows three in a row, to the eye and to the ear', async () => {
  await lab.guide('Do it', 'Three in a row');
  await expect
    .poll(() => lab.page.getByRole('img', { name: /The last \d+ attempts/ }).getAttribute('aria-label'), {
      timeout: FLOW,
    })
    .toMatch(/(3 to 1, 3 to 2, 3 to 3, ){2}/);
  await expect.poll(() => lab.page.locator('canvas.strip').evaluate(countInk)).toBeGreaterThan(1_000);
});

it('a server that is stopped by its button leaves picture, strip, plot and log', async () => {
  await lab.press('Stop server 2');
  await shows(lab.page.locator('[data-server="2"] .server'), /stopped/);
  await shows(lab.endpoint(2), /IDLE|CONNECTING|TRANSIENT_FAILURE/);
  await expect.poll(() => shareOf(lab, 2), { timeout: FLOW }).toBe(0);
  await expect
    .poll(() => lab.page.locator('canvas.strip').getAttribute('aria-label'), { timeout: FLOW })
    .not.toContain('to 2');
  // The stacked areas: two colours reach the right edge, and the third one does not any more.
  await expect
    .poll(() => lab.page.locator('.part-share canvas').evaluate(coloursAtTheRight), { timeout: FLOW })
    .toBe(2);
  await shows(lab.page.locator('.log'), /is stopped/);
  await lab.press('Start server 2');
  await shows(lab.endpoint(2), /READY/);
});

it('the log is filtered by kind and by server', async () => {
  await lab.press('Stop server 3');
  await shows(lab.page.locator('.log'), /is stopped/);
  await lab.page.getByLabel('Kind of event').selectOption('server');
  const kinds = await lab.page.locator('.event .kind').allInnerTexts();
  expect(new Set(kinds)).toEqual(new Set(['server']));
  await lab.page.getByLabel('Server of the event').selectOption('3');
  expect(new Set(await lab.page.locator('.event .chip').allInnerTexts())).toEqual(new Set(['3']));
  await lab.press('Start server 3');
  await shows(lab.endpoint(3), /READY/);
});

it('RPCs that no endpoint took are red, in a row of their own', async () => {
  await lab.guide('Do it', 'Stop all servers');
  await expect
    .poll(() => lab.page.locator('canvas.strip').getAttribute('aria-label'), { timeout: FLOW })
    .toContain('to none');
  await lab.page.getByLabel('Kind of event').selectOption('failure');
  await shows(lab.page.locator('.log'), /UNAVAILABLE/);
  await lab.tab('Break it');
  await lab.press('Reset the lab');
  await shows(lab.endpoint(1), /READY/);
});

it('attempts that fail show at their server, though retries let no RPC fail', async () => {
  await lab.tab('Break it');
  await lab.page.getByLabel(/^Retries and hedging/).selectOption('retries');
  await lab.page.getByLabel('Error rate of server 2', { exact: true }).fill('100');
  await lab.page.getByLabel('Error rate of server 2', { exact: true }).press('Enter');
  const figure = (of: string, name: string) => textOf(lab.page.locator(`${of} .figure.${name} dd`));
  await expect.poll(() => figure('[data-server="2"]', 'failed'), { timeout: FLOW }).toBe('100 %');
  await expect.poll(() => figure('.client', 'failed'), { timeout: FLOW }).toBe('0 %');
  expect(Number.parseInt(await figure('.client', 'tried-again'), 10)).toBeGreaterThan(20);
  expect(Number(await figure('.client', 'attempts'))).toBeGreaterThan(1.2);
  expect(await shareOf(lab, 2)).toBeGreaterThan(15);
  await lab.page.locator('.wires .colour-1 .failed').waitFor({ state: 'attached' });
  const strip = lab.page.locator('canvas.strip');
  await expect.poll(() => strip.getAttribute('aria-label'), { timeout: FLOW }).toContain('to 2 (failed)');
  await lab.press('Table');
  await shows(lab.page.getByRole('row', { name: /^2 / }), /100 %/);
  await shows(lab.page.locator('caption'), /0 % failed, .* tried again, 1\.\d\d attempts per RPC/);
  await lab.press('Table');
  await lab.press('Reset the lab');
  await shows(lab.endpoint(1), /READY/);
}, 60_000);

it('a policy that is changed moves the shares', async () => {
  await lab.guide('Do it', 'Three in a row');
  const button = lab.page.getByRole('button', { name: 'Do it: Three in a row' });
  await expect.poll(() => button.isEnabled(), { timeout: FLOW }).toBe(true);
  await expect.poll(() => shareOf(lab, 3), { timeout: FLOW }).toBeGreaterThan(20);
  await lab.tab('Service config');
  await lab.page.getByLabel('policy', { exact: true }).selectOption('pick_first');
  await lab.press('Apply');
  await shows(lab.page.locator('.client'), /pick_first/);
  await expect
    .poll(async () => (await Promise.all([1, 2, 3].map((server) => shareOf(lab, server)))).sort(), {
      timeout: FLOW,
    })
    .toEqual([0, 0, 100]);
});

it('a pause holds strip and plots, dragging zooms, and a double click goes back', async () => {
  await lab.page.keyboard.press('p');
  await shows(lab.page.locator('.part-share .tools'), /Resume/);
  const [before, after] = await lab.page
    .locator('canvas.strip')
    .evaluate(async (canvas: HTMLCanvasElement) => {
      const picture = canvas.toDataURL();
      for (let frame = 0; frame < 40; frame++) await new Promise(requestAnimationFrame);
      return [picture, canvas.toDataURL()];
    });
  expect(after).toBe(before);
  const plot = await lab.page.locator('.part-share .u-over').boundingBox();
  if (plot === null) throw new Error('there is no plot');
  await lab.page.mouse.move(plot.x + plot.width * 0.3, plot.y + 20);
  await lab.page.mouse.down();
  await lab.page.mouse.move(plot.x + plot.width * 0.6, plot.y + 30, { steps: 5 });
  await lab.page.mouse.up();
  await shows(lab.page.locator('.part-share .tools'), /Leave the zoom/);
  await lab.page.locator('.part-latency .u-over').dblclick();
  await lab.page.getByLabel('Time that the plots show').waitFor();
});

it('what somebody did is marked in both plots, to the eye and to the ear', async () => {
  const inkAbove = (part: string): Promise<number> =>
    lab.page.locator(`.part-${part} canvas`).evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      // The words stand above the plot, in the first sixth of the canvas.
      const { data } = (canvas as HTMLCanvasElement)
        .getContext('2d')
        ?.getImageData(0, 0, width, Math.round(height / 7)) ?? { data: [] };
      let ink = 0;
      for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 0) ink++;
      return ink;
    });
  await lab.tab('Break it');
  await lab.press('Freeze server 3');
  await lab.press('Thaw server 3');
  for (const part of ['share', 'latency']) {
    const plot = lab.page.locator(`.part-${part} .plot`);
    await expect
      .poll(() => plot.getAttribute('aria-label'), { timeout: FLOW })
      .toMatch(/Done meanwhile: .*server 3 frozen at [\d.:]+( s)?; server 3 thawed at/);
    await expect.poll(() => inkAbove(part), { timeout: FLOW }).toBeGreaterThan(50);
  }
});

it('who points at a plot reads the time and the value of each endpoint', async () => {
  for (const [part, values] of [
    ['share', /1 \d+ %2 \d+ %3 \d+ %/],
    ['latency', /1 ([\d.]+ m?s|–)2 ([\d.]+ m?s|–)3 ([\d.]+ m?s|–)/],
  ] as const) {
    const over = lab.page.locator(`.part-${part} .u-over`);
    const readout = over.locator('.readout');
    expect(await readout.isVisible()).toBe(false);
    const { width, height } = (await over.boundingBox()) ?? { width: 0, height: 0 };
    await over.hover({ position: { x: width - 3, y: height / 2 } });
    await expect.poll(() => readout.isVisible()).toBe(true);
    await expect.poll(() => textOf(readout), { timeout: FLOW }).toMatch(values);
  }
});

it('with many servers nothing in a row lies over anything else', async () => {
  await lab.tab('Break it');
  for (let count = 3; count < 6; count++) {
    await lab.press('Add a server');
    await lab.page.locator('[data-server]').nth(count).waitFor();
  }
  await lab.page.getByLabel('Delay of server 2', { exact: true }).fill('150');
  await lab.page.getByLabel('Delay of server 2', { exact: true }).press('Enter');
  await lab.page.getByLabel('Error rate of server 2', { exact: true }).fill('50');
  await lab.page.getByLabel('Error rate of server 2', { exact: true }).press('Enter');
  await shows(lab.page.locator('[data-server="2"] .server'), /50 % errors/);
  const overlaps = await lab.page.locator('[data-server="2"]').evaluate((row) => {
    const boxes = [...row.querySelectorAll('.chip, .state, .figure dd, .server h3, .traits, .server button')]
      .map((element) => ({
        name: element.className || element.tagName,
        box: element.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width > 0)
      .sort((one, other) => one.box.left - other.box.left);
    return boxes.flatMap(({ name, box }, index) => {
      const next = boxes[index + 1];
      return next !== undefined && next.box.left < box.right - 1 ? [`${name} over ${next.name}`] : [];
    });
  });
  expect(overlaps).toEqual([]);
  await lab.press('Reset the lab');
  await expect.poll(() => lab.page.locator('[data-server]').count(), { timeout: FLOW }).toBe(3);
});

/** Pixels that something was drawn on. */
function countInk(canvas: Element): number {
  const { width, height } = canvas as HTMLCanvasElement;
  const data = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
  let ink = 0;
  for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 0) ink++;
  return ink;
}

/** How many colours fill a column near the right edge of the plot, which has the numbers beside it. */
function coloursAtTheRight(canvas: Element): number {
  const { width, height } = canvas as HTMLCanvasElement;
  const column =
    (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(width - 48, 0, 1, height).data ?? [];
  const counts = new Map<string, number>();
  for (let at = 0; at < column.length; at += 4)
    if (column[at + 3] === 255) {
      const colour = `${column[at]},${column[at + 1]},${column[at + 2]}`;
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
  return [...counts.values()].filter((count) => count > height / 10).length;
}
