/** A long name that may break into lines after its dots and underscores, and nowhere else. */
import { Fragment, type JSX } from 'preact';

export function Breakable({ name }: { readonly name: string }): JSX.Element {
  return (
    <>
      {name.split(/(?<=[._])/).map((part, index) => (
        <Fragment key={String(index)}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}
