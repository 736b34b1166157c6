/** The page: what happens on the left, what can be done on the right. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { ClientControls } from './break/client-controls.js';
import { Reset } from './break/reset.js';
import { ServerControls } from './break/server-controls.js';
import { Editor } from './config/editor.js';
import { Guide } from './guide/guide.js';
import { UnderWay } from './guide/under-way.js';
import { type Lab, LabContext, useLab, useRenderAtBeat } from './lab/lab.js';
import { useValue } from './lab/value.js';
import { Offer } from './link/offer.js';
import { Share } from './link/share.js';
import { Announcer } from './look/announcer.js';
import { Panel } from './look/panel.js';
import { Shortcuts } from './look/shortcuts.js';
import { Tabs } from './look/tabs.js';
import { theme, toggleTheme } from './look/theme.js';
import { Picture } from './picture/picture.js';
import { latencyPlot } from './time/latency-plot.js';
import { Log } from './time/log.js';
import { Plot } from './time/plot.js';
import { sharePlot } from './time/share-plot.js';
import { TimeTools } from './time/span.js';
import { Strip } from './time/strip.js';

export function App({ lab }: { readonly lab: Lab }): JSX.Element {
  return (
    <LabContext.Provider value={lab}>
      <button type="button" class="skip" onClick={() => lab.enter(lab.tab.get())}>
        Skip to what can be done
      </button>
      <Header />
      <Trouble />
      <Offer />
      <main>
        <div class="seen">
          <Picture />
          <Strip />
          <div class="plots">
            <Panel part="share" title="Share" tools={<TimeTools />}>
              <Plot kind={sharePlot} label="The share of each endpoint over time" phase={0} />
            </Panel>
            <LatencyPanel />
          </div>
          <Log />
        </div>
        <aside aria-label="What to do">
          <Doing />
          <UnderWay />
        </aside>
      </main>
      <Announcer />
    </LabContext.Provider>
  );
}

function Header(): JSX.Element {
  const mode = useValue(theme);
  return (
    <header class="top">
      <svg class="leaf" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <path class="stalk" d="M6 28C10 20 14 16 16 15" />
        <path class="blade" d="M14 17C11 8 18 3 28 3c0 11-4 17-14 14Z" />
      </svg>
      <h1>Petiole lab</h1>
      <p>Client-side load balancing: see it, break it, change it.</p>
      <LoopDelay />
      <button
        type="button"
        onClick={toggleTheme}
        aria-label={mode === 'dark' ? 'Light colours' : 'Dark colours'}
      >
        {mode === 'dark' ? 'Light' : 'Dark'}
      </button>
      <Share />
      <Shortcuts />
    </header>
  );
}

function LoopDelay(): JSX.Element {
  const lab = useLab();
  useRenderAtBeat(5, 4);
  const late = lab.history.latest?.loopDelayMs ?? 0;
  return (
    <span
      class="loop"
      title="How late the event loop of the lab’s process, in which the client runs, was at most in the last 100 ms"
    >
      the client’s event loop is late by <b>{late.toFixed(0)} ms</b>
    </span>
  );
}

/** What went wrong with the page's own doing. */
function Trouble(): JSX.Element {
  const lab = useLab();
  const connection = useValue(lab.connection.status);
  const refusal = useValue(lab.refusal);
  return (
    <div class="trouble" role="alert">
      {connection === 'lost' && (
        <p class="banner bad">
          No connection to the lab’s process. If it has ended, start it again: the page tries once a second.
        </p>
      )}
      {refusal !== undefined && (
        <p class="banner bad">
          <span>{refusal}</span>
          <button type="button" onClick={() => lab.refusal.set(undefined)}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}

function LatencyPanel(): JSX.Element {
  const [of, choose] = useState<'p50' | 'p99'>('p99');
  const kind = useMemo(() => latencyPlot(of), [of]);
  return (
    <Panel
      part="latency"
      title="Latency"
      tools={
        <select
          aria-label="Percentile of the latency"
          value={of}
          onChange={({ currentTarget: { value } }) => choose(value === 'p50' ? 'p50' : 'p99')}
        >
          <option>p50</option>
          <option>p99</option>
        </select>
      }
    >
      <Plot kind={kind} label={`The ${of} latency of each endpoint over time`} phase={2} />
    </Panel>
  );
}

function Doing(): JSX.Element {
  const lab = useLab();
  const tab = useValue(lab.tab);
  return (
    <Tabs
      label="What to do"
      chosen={tab}
      choose={(name) => {
        lab.tab.set(name);
        lab.refusal.set(undefined);
      }}
      tabs={{
        guide: { title: 'Guide', content: () => <Guide /> },
        break: {
          title: 'Break it',
          content: () => (
            <>
              <Reset />
              <ClientControls />
              <ServerControls />
            </>
          ),
        },
        config: {
          title: 'Service config',
          content: () => (
            <Panel part="config" title="Service config">
              <Editor />
            </Panel>
          ),
        },
      }}
    />
  );
}
