/** Tabs, as ARIA describes them: arrows move between them, one panel is shown. */
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';

interface Props<Name extends string> {
  readonly label: string;
  readonly tabs: Readonly<
    Record<Name, { readonly title: string; readonly content: () => ComponentChildren }>
  >;
  readonly chosen: Name;
  readonly choose: (name: Name) => void;
}

export function Tabs<Name extends string>({ label, tabs, chosen, choose }: Props<Name>): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const names = Object.keys(tabs) as Name[];
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = names[(names.indexOf(chosen) + step + names.length) % names.length];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <>
      <div ref={list} class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {names.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={name === chosen}
            aria-controls={`panel-${name}`}
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => {
              choose(name);
              // On a narrow page the tabs stay at its lower edge, wherever their panel is.
              panel.current?.scrollIntoView({ block: 'nearest' });
            }}
          >
            {tabs[name].title}
          </button>
        ))}
      </div>
      <div
        ref={panel}
        class="tab-panel"
        role="tabpanel"
        id={`panel-${chosen}`}
        aria-labelledby={`tab-${chosen}`}
        tabIndex={-1}
      >
        {tabs[chosen].content()}
      </div>
    </>
  );
}
