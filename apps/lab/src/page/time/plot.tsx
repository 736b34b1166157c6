/**
 * A plot over time, by uPlot, with marks of what was done. Pointing at it tells the values, dragging zooms all plots, a double
 * click goes back.
 */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Mark } from '../../protocol.js';
import type { Series } from '../lab/history.js';
import { MINUTE, useBeat, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { colour } from '../look/colours.js';
import { clock } from '../look/numbers.js';
import { theme } from '../look/theme.js';
import { drawMarks, MARKS_HEIGHT } from './draw-marks.js';
import { drawEndLabels, type EndLabel, LABELS_WIDTH } from './end-labels.js';
import { marksInWords } from './marks.js';
import { type Reading, readoutPlugin } from './readout.js';
import { shownTime } from './span.js';

export interface Drawn {
  /** Of which series the plot consists; another one is another plot. */
  readonly ids: readonly number[];
  readonly data: uPlot.AlignedData;
}

/** What a plot shows, and how. */
export interface Kind {
  readonly draw: (series: Series) => Drawn;
  readonly series: (id: number) => uPlot.Series;
  readonly scale: uPlot.Scale;
  readonly axis: uPlot.Axis;
  /** Where the numbers of servers stand beside it. */
  readonly ends: (plot: uPlot, ids: readonly number[]) => readonly EndLabel[];
  /** The values of a point. */
  readonly read: (plot: uPlot, ids: readonly number[], index: number) => readonly Reading[];
}

interface Props {
  readonly kind: Kind;
  readonly label: string;
  /** At which of five ticks it is drawn. */
  readonly phase: number;
}

export function Plot({ kind, label, phase }: Props): JSX.Element {
  const lab = useLab();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<{ readonly plot: uPlot; readonly key: string } | undefined>(undefined);
  const span = useValue(lab.span);
  const pausedAt = useValue(lab.pausedAt);
  const marks = useValue(lab.marks);
  const mode = useValue(theme);

  const draw = useCallback(() => {
    const element = place.current;
    if (element === null || element.clientWidth === 0) return;
    const { from, to } = shownTime(lab);
    const { ids, data } = kind.draw(lab.history.series(from, to));
    const key = `${mode} ${ids.join()}`;
    if (plot.current?.key !== key) {
      plot.current?.plot.destroy();
      const size = { width: element.clientWidth, height: element.clientHeight };
      const zoom = (selected: uPlot): void => {
        const { left, width } = selected.select;
        if (width > 4)
          lab.span.set({
            from: selected.posToVal(left, 'x') * 1_000,
            to: selected.posToVal(left + width, 'x') * 1_000,
          });
        selected.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      };
      const made = new uPlot(
        optionsOf(
          kind,
          ids,
          size,
          zoom,
          () => lab.span.set(MINUTE),
          () => lab.marks.get(),
        ),
        data,
        element,
      );
      plot.current = { plot: made, key };
    }
    const shown = plot.current?.plot;
    shown?.batch(() => {
      shown.setData(data, false);
      shown.setScale('x', { min: from / 1_000, max: to / 1_000 });
    });
  }, [lab, kind, mode]);

  useBeat(
    useCallback(() => {
      if (lab.pausedAt.get() === undefined && 'last' in lab.span.get()) draw();
    }, [lab, draw]),
    5,
    phase,
  );
  useEffect(draw, [draw, span, pausedAt, marks]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      plot.current?.plot.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.plot.destroy();
      plot.current = undefined;
    };
  }, []);
  const { from, to } = shownTime(lab);
  // A mark is there before the tick that it belongs to.
  const until = pausedAt === undefined && 'last' in span ? Number.POSITIVE_INFINITY : to;
  return (
    <div
      ref={place}
      class="plot"
      role="img"
      aria-label={[label, marksInWords(marks, from, until)].join('. ')}
    />
  );
}

function optionsOf(
  kind: Kind,
  ids: readonly number[],
  size: { readonly width: number; readonly height: number },
  zoom: (plot: uPlot) => void,
  back: () => void,
  marks: () => readonly Mark[],
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour('quiet'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
    font: `11px ${colour('font')}`,
  };
  return {
    ...size,
    legend: { show: false },
    padding: [MARKS_HEIGHT, LABELS_WIDTH, 0, 0],
    plugins: [readoutPlugin((plot, index) => kind.read(plot, ids, index))],
    scales: { x: { time: false }, y: kind.scale },
    axes: [
      {
        ...axis,
        size: 22,
        values: (_, splits) => splits.map((at) => (at < 0 ? '' : clock(at * 1_000).replace('.0', ''))),
      },
      { ...axis, ...kind.axis },
    ],
    series: [{}, ...ids.map(kind.series)],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          back();
          return null;
        },
      },
    },
    hooks: {
      setSelect: [zoom],
      draw: [
        (plot) => {
          drawEndLabels(plot, kind.ends(plot, ids));
          drawMarks(plot, marks());
        },
      ],
    },
  };
}
