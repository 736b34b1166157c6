/** A part of the page with a heading, which the guide can point at. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { type Part, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';

interface Props {
  readonly part: Part;
  readonly title: string;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ part, title, tools, children }: Props): JSX.Element {
  const lab = useLab();
  const id = useId();
  const section = useRef<HTMLElement>(null);
  const parts = useValue(lab.pointedAt);
  const isPointedAt = parts.includes(part);
  const isFirst = parts[0] === part;
  useEffect(() => {
    if (isFirst) section.current?.scrollIntoView({ block: 'nearest' });
  }, [isFirst, parts]);
  return (
    <section
      ref={section}
      class={`panel part-${part}${isPointedAt ? ' pointed-at' : ''}`}
      aria-labelledby={id}
    >
      <header>
        <h2 id={id}>{title}</h2>
        {isPointedAt && <span class="watch">Watch this</span>}
        <div class="tools">{tools}</div>
      </header>
      {children}
    </section>
  );
}
