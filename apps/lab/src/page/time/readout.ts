/** What a plot says where one points at it: the time, and the value of each server. */
import type uPlot from 'uplot';
import { colourClass } from '../look/colours.js';
import { clock } from '../look/numbers.js';

export interface Reading {
  /** 0: what no endpoint took. */
  readonly id: number;
  readonly text: string;
}

/** @param read the values of a point, by its index */
export function readoutPlugin(read: (plot: uPlot, index: number) => readonly Reading[]): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'readout';
  box.hidden = true;
  return {
    hooks: {
      init: (plot) => {
        plot.over.append(box);
      },
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        const at = plot.data[0][idx ?? -1];
        box.hidden = left < 0 || at === undefined;
        if (box.hidden || idx === null || idx === undefined || at === undefined) return;
        const time = document.createElement('b');
        time.textContent = clock(at * 1_000);
        box.replaceChildren(time, ...read(plot, idx).map(line));
        const isLeft = left > plot.over.clientWidth / 2;
        box.style.left = isLeft ? '' : `${left + 10}px`;
        box.style.right = isLeft ? `${plot.over.clientWidth - left + 10}px` : '';
      },
    },
  };
}

function line({ id, text }: Reading): HTMLElement {
  const entry = document.createElement('span');
  const name = document.createElement('i');
  name.className = id === 0 ? 'bad' : colourClass(id);
  name.textContent = id === 0 ? 'none' : String(id);
  entry.append(name, ` ${text}`);
  return entry;
}
