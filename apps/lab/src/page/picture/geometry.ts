/** Where lines run: as cubic Bézier curves, of which lines and the dots on them are drawn. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Curve = readonly [Point, Point, Point, Point];

export interface Wires {
  readonly width: number;
  readonly height: number;
  /** By server id. */
  readonly rows: ReadonlyMap<number, RowWires>;
}

export interface RowWires {
  /** From the client to the endpoint. */
  readonly pick: Curve;
  /** From each of the endpoint's addresses to the server; none where a phone's width puts them into one card. */
  readonly addresses: ReadonlyMap<string, Curve>;
}

/** Level at both ends. */
function across(from: Point, to: Point): Curve {
  const middle = (from.x + to.x) / 2;
  return [from, { x: middle, y: from.y }, { x: middle, y: to.y }, to];
}

/** Down along the left, and then to the right. */
function down(from: Point, to: Point): Curve {
  return [from, { x: from.x, y: (from.y + to.y) / 2 }, { x: from.x, y: to.y }, to];
}

export function pointOn([a, b, c, d]: Curve, part: number): Point {
  const rest = 1 - part;
  const [wa, wb, wc, wd] = [rest ** 3, 3 * rest ** 2 * part, 3 * rest * part ** 2, part ** 3];
  return { x: wa * a.x + wb * b.x + wc * c.x + wd * d.x, y: wa * a.y + wb * b.y + wc * c.y + wd * d.y };
}

export function pathOf([a, b, c, d]: Curve): string {
  return `M${a.x} ${a.y}C${b.x} ${b.y} ${c.x} ${c.y} ${d.x} ${d.y}`;
}

/** Measures the cards in the picture, which the stylesheet has put where they are. */
export function measure(picture: HTMLElement): Wires {
  const origin = picture.getBoundingClientRect();
  const box = (element: Element | null): DOMRect | undefined => element?.getBoundingClientRect();
  const client = box(picture.querySelector('.client'));
  const rows = new Map<number, RowWires>();
  if (client !== undefined)
    for (const row of picture.querySelectorAll<HTMLElement>('[data-server]')) {
      const endpoint = box(row.querySelector('.endpoint'));
      const server = box(row.querySelector('.server'));
      if (endpoint === undefined || server === undefined) continue;
      const at = (x: number, y: number): Point => ({
        x: Math.round(x - origin.x),
        y: Math.round(y - origin.y),
      });
      const entry = at(endpoint.left, endpoint.top + Math.min(endpoint.height / 2, 28));
      const isBeside = client.right <= endpoint.left;
      const pick = isBeside
        ? across(at(client.right, client.top + client.height / 2), entry)
        : down(at(client.left + 12, client.bottom), entry);
      const addresses = new Map<string, Curve>();
      const names = [...row.querySelectorAll<HTMLElement>('[data-address]')];
      if (endpoint.right < server.left)
        names.forEach((element, index) => {
          const y = endpoint.top + (endpoint.height * (index + 1)) / (names.length + 1);
          addresses.set(element.dataset.address ?? '', [
            at(endpoint.right, y),
            at(endpoint.right + 20, y),
            at(server.left - 20, y),
            at(server.left, y),
          ]);
        });
      rows.set(Number(row.dataset.server), { pick, addresses });
    }
  return { width: origin.width, height: origin.height, rows };
}
