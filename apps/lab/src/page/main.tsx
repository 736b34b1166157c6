/** Connects the page to the lab's process, and draws it once that has told what there is. */
import { render } from 'preact';
import { App } from './app.js';
import { Connection } from './lab/connection.js';
import { Lab } from './lab/lab.js';
import './look/frames.js';
import './look/theme.js';

const place = document.querySelector('#lab');
if (place === null) throw new Error('index.html has no place for the lab');

const connection = new Connection();
let lab: Lab | undefined;
void connection.follow((message) => {
  if (lab !== undefined) return lab.hear(message);
  if (message.kind !== 'whole') return;
  lab = new Lab(connection, message.whole);
  place.replaceChildren();
  render(<App lab={lab} />, place);
});

connection.status.subscribe(() => {
  if (lab === undefined && connection.status.get() === 'lost')
    place.textContent =
      'The lab’s process does not answer. Is it still running? The page tries again once a second.';
});
