/** A link that has the setup of the lab in it, and what whoever opens it needs. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type Lab, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { encode, setupOf } from './setup.js';

export function Share(): JSX.Element {
  const lab = useLab();
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [link, setLink] = useState('');
  const [said, say] = useState('');
  const hasDraft = useValue(lab.draft) !== undefined;
  const open = (): void => {
    setLink(linkTo(lab));
    say('');
    dialog.current?.showModal();
  };
  const copy = async (): Promise<void> => {
    field.current?.select();
    const copied = await navigator.clipboard.writeText(link).then(
      () => true,
      () => false,
    );
    say(copied ? 'Copied.' : 'The browser does not let the page copy. The link is selected: copy it.');
  };
  return (
    <>
      <button type="button" onClick={open}>
        Share
      </button>
      <dialog ref={dialog} aria-labelledby="share-title">
        <h2 id="share-title">Share this setup</h2>
        <p>The link has the servers, the load, and the service config that the client uses now.</p>
        {hasDraft && (
          <p class="bad">What you write in Service config is not in it, as it is not applied yet.</p>
        )}
        <p>Whoever opens it needs a lab that runs on their own machine, on the same port: {location.host}.</p>
        <input ref={field} readOnly value={link} aria-label="Link to this setup" />
        <p role="status">{said}</p>
        <form method="dialog" class="actions">
          <button type="button" class="primary" onClick={() => void copy()}>
            Copy the link
          </button>
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}

function linkTo(lab: Lab): string {
  return `${location.origin}${location.pathname}#${encode(setupOf(lab.state.get()))}`;
}
